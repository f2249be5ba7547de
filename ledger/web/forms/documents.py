"""Hand in a document, and say what it is."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from ledger.projects.documents.models import Document
from ledger.projects.documents.services import NewDocument
from ledger.projects.models import MonitoringReport

MAX_BYTES = 20_000_000
ACCEPT = ".pdf,.jpg,.jpeg,.png,.webp,.xlsx,.docx,.csv,.geojson,application/pdf,image/*"


class DocumentForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        max_length=1_000,
        help_text=_("PDF, photo (JPEG, PNG, WebP), Excel, Word, CSV or GeoJSON; 20 MB at most."),
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
    )
    kind = forms.ChoiceField(label=_("Kind of document"), choices=Document.Kind.choices)
    title = forms.CharField(
        label=_("Title"), max_length=120, required=False, help_text=_("Without one, the name of the file.")
    )
    report = forms.TypedChoiceField(label=_("Monitoring report"), coerce=int, required=False, empty_value=None)
    parcel = forms.ChoiceField(label=_("Field"), required=False)
    is_public = forms.BooleanField(
        label=_("Show it to everybody"),
        required=False,
        help_text=_(
            "Photos are shown without place, time and device; other files as they are, with all that is in them."
        ),
    )

    def __init__(self, *args: Any, reports: Sequence[MonitoringReport], parcels: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["report"].choices = [("", "–"), *((report.pk, str(report.vintage)) for report in reports)]  # type: ignore[attr-defined]
        self.fields["parcel"].choices = [("", "–"), *((code, code) for code in parcels)]  # type: ignore[attr-defined]

    def clean_file(self) -> "UploadedFile[Any]":
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 20 MB."))
        return file

    def document(self) -> NewDocument:
        """Return what a valid form hands in."""
        given = self.cleaned_data
        return NewDocument(
            content=given["file"].read(),
            file_name=given["file"].name,
            kind=given["kind"],
            title=given["title"],
            report_id=given["report"],
            parcel_code=given["parcel"],
            is_public=given["is_public"],
        )
