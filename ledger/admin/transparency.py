"""The log: records with their exact bytes and their proofs, and the signed checkpoints."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ledger.admin.base import LargeTableAdmin
from ledger.admin.conditions import of_other_record_kind, recorded_by
from ledger.admin.display import Table, at_moment, document, people_of, person, plain_text
from ledger.admin.filters import FieldFilter, NumberFilter, OfActor, Since, Until
from ledger.admin.proof import in_base64, proof_of
from ledger.admin.records import index_text
from ledger.admin.subjects import SUBJECTS, Subjects, rows_proven
from ledger.admin.timeline import RECORDS
from ledger.transparency.models import Checkpoint, Record

CREATED_AT = at_moment("created_at", _("written at"))

SIGNED_AT = at_moment("signed_at", _("signed at"))


class OfKind(FieldFilter):
    title = _("kind")
    parameter_name = "kind"
    hint = _("such as batch_issued")

    def narrow(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        return queryset.filter(of_other_record_kind(text))


class AtIndex(NumberFilter):
    title = _("index in the log")
    parameter_name = "index"

    def narrow_to(self, queryset: QuerySet[Any], number: int) -> QuerySet[Any]:
        return queryset.filter(leaf=number)


class RecordAdmin(LargeTableAdmin):
    list_display = ("number", "kind", "log_index", CREATED_AT, "actor_name")
    list_select_related = ("leaf",)
    list_filter = (OfKind, AtIndex, OfActor, Since, Until)
    search_fields = ("id",)
    search_help_text = _("Number")
    fields = ("number", "kind", "log_index", "leaf_hash", CREATED_AT, "who", "entry_document", "entry_bytes")
    change_form_template = "admin/record.html"
    timeline = RECORDS
    # What bodies name; the exchange's part is added where both apps are known (config/admin_site.py).
    subjects: ClassVar[Subjects] = SUBJECTS

    def done_by(self, queryset: QuerySet[Any], actors: Sequence[str]) -> QuerySet[Any]:
        return queryset.filter(recorded_by(actors))

    def prepare(self, rows: Sequence[Record]) -> None:
        people = people_of(_actor(row) for row in rows)
        for row in rows:
            row.actor_name = str(people.get(_actor(row), _actor(row)))  # type: ignore[attr-defined]

    def tables(self, target: Record) -> list[Table]:
        body = _content(target).get("body")
        return [rows_proven(body, self.subjects)] if isinstance(body, Mapping) else []

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        record: Record = kwargs["obj"]
        context |= {"proof": proof_of(record), "inclusion_url": f"/api/v1/log/inclusion?record={record.pk}"}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("number"))
    def number(self, record: Record) -> str:
        return str(record.pk)

    @admin.display(description=_("index in the log"))
    def log_index(self, record: Record) -> str:
        return index_text(record)

    @admin.display(description=_("leaf hash"))
    def leaf_hash(self, record: Record) -> str:
        return in_base64(record.leaf.leaf_hash) if hasattr(record, "leaf") else self.empty_value_display

    @admin.display(description=_("actor"))
    def actor_name(self, record: Record) -> str:
        name: str = record.actor_name  # type: ignore[attr-defined]
        return name

    @admin.display(description=_("actor"))
    def who(self, record: Record) -> str:
        return person(_actor(record))

    @admin.display(description=_("entry"))
    def entry_document(self, record: Record) -> SafeString:
        return document(_content(record))

    @admin.display(description=_("the very bytes that are hashed"))
    def entry_bytes(self, record: Record) -> SafeString:
        return plain_text(bytes(record.entry).decode(errors="backslashreplace"))

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
        return in_base64(checkpoint.root_hash)

    @admin.display(description=_("signed note"))
    def note_text(self, checkpoint: Checkpoint) -> SafeString:
        return plain_text(checkpoint.note)


def _content(record: Record) -> dict[str, Any]:
    """Return what an entry says; nothing where it was tampered with and is no JSON object any more."""
    try:
        content = orjson.loads(bytes(record.entry))
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _actor(record: Record) -> str:
    return str(_content(record).get("actor", ""))
