"""Documents and field diaries at the desk: read, downloaded, never changed."""

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ledger.admin.base import ViewOnlyAdmin
from ledger.admin.display import document as as_document
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.projects.diary.models import DiaryEntry
from ledger.projects.documents.models import Document


class DocumentAdmin(ViewOnlyAdmin):
    list_display = (
        "title",
        "kind",
        "project",
        "organisation",
        "size_figure",
        "uploaded_at",
        "published_at",
        "withdrawn_at",
    )
    list_filter = ("kind", "content_type")
    list_select_related = ("project", "organisation")
    search_fields = ("title", "file_name", "sha256", "project__name", "organisation__name")
    date_hierarchy = "uploaded_at"
    ordering = ("-id",)
    fields = (
        *("title", "kind", "file_link", "project", "organisation", "report", "parcel_code", "diary_entry"),
        *("content_type", "size_figure", "sha256", "public_sha256", "uploaded_by", "uploaded_at"),
        *("published_by", "published_at", "withdrawn_by", "withdrawn_at", "withdrawal_reason"),
    )

    @admin.display(description=_("size"), ordering="size_bytes")
    def size_figure(self, document: Document) -> str:
        return filesizeformat(document.size_bytes)

    @admin.display(description=_("file"))
    def file_link(self, document: Document) -> SafeString:
        address = reverse("document", kwargs={"public_id": document.public_id})
        return format_html('<a href="{}">{}</a>', address, document.file_name)

    def record_ids(self, target: Document) -> RecordIds:
        kinds = ("document_added", "document_published", "document_withdrawn")
        times = (target.uploaded_at, target.published_at, target.withdrawn_at)
        return ids_naming(Named(kinds, {"document": str(target.public_id)}), near=times)


class DiaryEntryAdmin(ViewOnlyAdmin):
    list_display = ("number", "kind", "happened_on", "project", "fields_figure", "season", "created_at", "withdrawn_at")
    list_filter = ("kind", "season")
    list_select_related = ("project",)
    search_fields = ("note", "project__name")
    date_hierarchy = "happened_on"
    ordering = ("-id",)
    fields = (
        *("number", "project", "kind", "happened_on", "happened_time", "fields_figure", "season", "content_document"),
        *("note", "latitude", "longitude", "accuracy_m", "replaces", "created_by", "created_at"),
        *("withdrawn_by", "withdrawn_at", "withdrawal_reason"),
    )

    @admin.display(description=_("entry"), ordering="id")
    def number(self, entry: DiaryEntry) -> str:
        return str(entry.pk)

    @admin.display(description=_("parcels"))
    def fields_figure(self, entry: DiaryEntry) -> str:
        return ", ".join(entry.parcels)

    @admin.display(description=_("content"))
    def content_document(self, entry: DiaryEntry) -> SafeString:
        return as_document(entry.content)

    def record_ids(self, target: DiaryEntry) -> RecordIds:
        kinds = ("diary_entry_added", "diary_entry_withdrawn")
        times = (target.created_at, target.withdrawn_at)
        return ids_naming(Named(kinds, {"diary_entry": str(target.pk)}), near=times)
