"""The log: records with their exact bytes, and the signed checkpoints."""

import base64

import orjson
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ledger.admin.base import LargeTableAdmin
from ledger.admin.display import at_moment, document, person, plain_text
from ledger.transparency.models import Checkpoint, Record

CREATED_AT = at_moment("created_at", _("written at"))

SIGNED_AT = at_moment("signed_at", _("signed at"))


class RecordAdmin(LargeTableAdmin):
    list_display = ("number", "kind", "log_index", CREATED_AT)
    list_select_related = ("leaf",)
    search_fields = ("id",)
    search_help_text = _("The number of a record.")
    fields = ("number", "kind", "log_index", "leaf_hash", CREATED_AT, "who", "entry_document", "entry_bytes")

    @admin.display(description=_("number"))
    def number(self, record: Record) -> str:
        return str(record.pk)

    @admin.display(description=_("index in the log"))
    def log_index(self, record: Record) -> str:
        return str(record.leaf.index) if hasattr(record, "leaf") else str(_("waits for its place"))

    @admin.display(description=_("leaf hash"))
    def leaf_hash(self, record: Record) -> str:
        return _base64(record.leaf.leaf_hash) if hasattr(record, "leaf") else self.empty_value_display

    @admin.display(description=_("actor"))
    def who(self, record: Record) -> str:
        return person(orjson.loads(bytes(record.entry))["actor"])

    @admin.display(description=_("entry"))
    def entry_document(self, record: Record) -> SafeString:
        return document(orjson.loads(bytes(record.entry)))

    @admin.display(description=_("the very bytes that are hashed"))
    def entry_bytes(self, record: Record) -> SafeString:
        return plain_text(bytes(record.entry).decode())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Record]:
        found: QuerySet[Record] = super().get_queryset(request)
        return found.select_related("leaf")


class CheckpointAdmin(LargeTableAdmin):
    list_display = ("size", "root", SIGNED_AT)
    ordering = ("-tree_size",)
    search_fields = ("tree_size",)
    search_help_text = _("A tree size.")
    fields = ("size", "root", SIGNED_AT, "note_text")

    @admin.display(description=_("tree size"))
    def size(self, checkpoint: Checkpoint) -> str:
        return str(checkpoint.tree_size)

    @admin.display(description=_("root hash"))
    def root(self, checkpoint: Checkpoint) -> str:
        return _base64(checkpoint.root_hash)

    @admin.display(description=_("signed note"))
    def note_text(self, checkpoint: Checkpoint) -> SafeString:
        return plain_text(checkpoint.note)


def _base64(value: bytes | memoryview) -> str:
    return base64.b64encode(bytes(value)).decode()
