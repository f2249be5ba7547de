"""Other registries' data at the desk: files are handed in and imported, rows are only read."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action
from ledger.admin.base import LargeTableAdmin, ViewOnlyAdmin, refuse_writing
from ledger.admin.display import EMPTY, Table, at_moment, tonnes
from ledger.admin.export import csv_answer
from ledger.parties.models import Membership
from ledger.registry.imports.services import MAX_BYTES, MOST_REFUSALS_KEPT, begin_import, rows_so_far
from ledger.registry.models import ReferenceCredit, ReferenceImport, ReferenceProject

SHOWN = 50
CREATED_AT = at_moment("created_at", _("handed in at"))
FINISHED_AT = at_moment("finished_at", _("finished at"))


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("File of OffsetsDB"),
        help_text=_("CSV in UTF-8: projects or credits, as the first line tells. 500 MB at most."),
        widget=forms.FileInput({"accept": ".csv,.txt"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(
                _("The file is larger than %(most)s MB: split it.") % {"most": MAX_BYTES // 1_000_000}
            )
        return file


IMPORT = Action(
    name="import",
    label=_("Import a file"),
    explanation=_(
        "A worker reads the file within seconds. All rows that are right are kept, or none where the file cannot be read to its "
        "end; what is refused is listed. The same file again is nothing new."
    ),
    done=_("Handed in: %(object)s"),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, _target, values: begin_import(
        actor=actor, chunks=values["file"].chunks(), file_name=values["file"].name
    ),
    form=ImportForm,
)


class ReferenceImportAdmin(ViewOnlyAdmin):
    list_display = (
        "file_name",
        "kind",
        "progress",
        "accepted",
        "refused",
        "new",
        "imported_by",
        CREATED_AT,
        FINISHED_AT,
    )
    list_filter = ("kind", "state")
    list_select_related = ("imported_by",)
    search_fields = ("file_name", "sha256")
    ordering = ("-id",)
    list_actions = (IMPORT,)
    fields = (
        *("file_name", "kind", "sha256", "size_bytes", "progress", "why_failed", "accepted", "refused", "new"),
        *("imported_by", CREATED_AT, FINISHED_AT, "report"),
    )

    def get_urls(self) -> list[URLPattern]:
        view = self._guard(self.refused_csv)
        return [path("<int:import_id>/refused.csv", view, name=self._name_of("refused")), *super().get_urls()]

    @admin.display(description=_("state"))
    def progress(self, source: ReferenceImport) -> str:
        if source.state != ReferenceImport.State.WAITING:
            return source.get_state_display()
        read = rows_so_far(source)
        return gettext("%(count)s rows read so far") % {"count": tonnes(read)} if read else source.get_state_display()

    @admin.display(description=_("why it failed"))
    def why_failed(self, source: ReferenceImport) -> str:
        if not source.failure:
            return EMPTY
        message, params = source.failure["message"], source.failure["params"]
        return str(gettext(message) % params)

    @admin.display(description=_("rows accepted"), ordering="rows_accepted")
    def accepted(self, source: ReferenceImport) -> str:
        return tonnes(source.rows_accepted)

    @admin.display(description=_("rows refused"), ordering="rows_refused")
    def refused(self, source: ReferenceImport) -> str:
        return tonnes(source.rows_refused)

    @admin.display(description=_("rows that were new"), ordering="rows_new")
    def new(self, source: ReferenceImport) -> str:
        return tonnes(source.rows_new)

    @admin.display(description=_("report of refused rows"))
    def report(self, source: ReferenceImport) -> str:
        if not source.rows_refused:
            return EMPTY
        address = reverse(f"admin:{self._name_of('refused')}", args=[source.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Download as CSV"))

    def tables(self, target: ReferenceImport) -> list[Table]:
        if not target.rows_refused:
            return []
        rows: list[tuple[object, ...]] = [
            (each.line, each.field or EMPTY, gettext(each.reason), each.given or EMPTY)
            for each in target.refusals.all()[:SHOWN]
        ]
        columns = (gettext("Line"), gettext("Field"), gettext("Reason"), gettext("What was given"))
        title = gettext("Refused rows: %(count)s") % {"count": tonnes(target.rows_refused)}
        return [Table(title, columns, rows, is_text=True)]

    def refused_csv(self, request: HttpRequest, import_id: int) -> HttpResponseBase:
        """Hand the report of refused rows out."""
        refuse_writing(request)
        source = ReferenceImport.objects.filter(pk=import_id).first()
        if source is None:
            raise Http404
        return csv_answer(f"refused-{source.pk}.csv", _lines(source))


def _lines(source: ReferenceImport) -> Iterator[list[object]]:
    yield [gettext("Line"), gettext("Field"), gettext("Reason"), gettext("What was given")]
    for each in source.refusals.all().iterator(1_000):
        yield [each.line, each.field, gettext(each.reason), each.given]
    if source.rows_refused > MOST_REFUSALS_KEPT:
        yield [gettext("The report ends after %(count)s rows: there are more.") % {"count": MOST_REFUSALS_KEPT}]


class ReferenceProjectAdmin(LargeTableAdmin):
    list_display = ("project_id", "registry", "name", "country", "status", "issued", "retired", "source")
    list_select_related = ("source",)
    search_fields = ("project_id",)
    fields = (
        *("project_id", "registry", "name", "proponent", "protocol", "category", "country", "status", "listed_on"),
        *("issued", "retired", "is_compliance", "project_url", "source"),
    )

    def search(self, queryset: models.QuerySet[Any], term: str) -> models.QuerySet[Any]:
        """Return what has this id in the other registry."""
        return queryset.filter(project_id=term) if "\x00" not in term else queryset.none()

    @admin.display(description=_("issued tonnes"))
    def issued(self, project: ReferenceProject) -> str:
        return EMPTY if project.issued_t is None else tonnes(project.issued_t)

    @admin.display(description=_("retired tonnes"))
    def retired(self, project: ReferenceProject) -> str:
        return EMPTY if project.retired_t is None else tonnes(project.retired_t)


class ReferenceCreditAdmin(LargeTableAdmin):
    list_display = ("project", "transaction_type", "quantity", "vintage_year", "transaction_on", "source")
    list_select_related = ("project", "source")
    search_fields = ("project__project_id",)
    fields = ("project", "transaction_type", "quantity", "vintage_year", "transaction_on", "occurrence", "source")

    def search(self, queryset: models.QuerySet[Any], term: str) -> models.QuerySet[Any]:
        """Return what happened to the credits of a project with this id."""
        return queryset.filter(project__project_id=term) if "\x00" not in term else queryset.none()

    @admin.display(description=_("tonnes"))
    def quantity(self, credit: ReferenceCredit) -> str:
        return tonnes(credit.quantity_t)

    @admin.display(description=_("vintage"))
    def vintage_year(self, credit: ReferenceCredit) -> str:
        return EMPTY if credit.vintage is None else str(credit.vintage)
