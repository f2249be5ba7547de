"""What a file is, told by its bytes; the name must agree."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from ledger.errors import InvalidValue
from ledger.projects.documents.inspection import images, naming, office, pdf, text
from ledger.projects.documents.inspection.refusal import Refused, refuse_hidden

MAX_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class FileType:
    """A type of file that is taken: how it begins, how its names end, and what looks into it.

    Raises: `check` raises Refused.
    """

    content_type: str
    name: str
    extensions: tuple[str, ...]
    check: Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Inspected:
    """A file that may be kept."""

    content: bytes
    content_type: str
    file_name: str
    sha256: str


PDF = FileType("application/pdf", "PDF", ("pdf",), pdf.check)
JPEG = FileType("image/jpeg", "JPEG", ("jpg", "jpeg"), images.check_jpeg)
PNG = FileType("image/png", "PNG", ("png",), images.check_png)
WEBP = FileType("image/webp", "WebP", ("webp",), images.check_webp)
XLSX = FileType(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "Excel (xlsx)", ("xlsx",), office.check_xlsx
)
DOCX = FileType(
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "Word (docx)",
    ("docx",),
    office.check_docx,
)
CSV = FileType("text/csv", "CSV", ("csv",), text.check_csv)
GEOJSON = FileType("application/geo+json", "GeoJSON", ("geojson", "json"), text.check_geojson)
ACCEPTED = (PDF, JPEG, PNG, WEBP, XLSX, DOCX, CSV, GEOJSON)


def inspect(content: bytes, file_name: str) -> Inspected:
    """Return a file as it is kept.

    Raises: InvalidValue for one that is empty, too large, of another type, not what its name says, or harmful.
    """
    name = naming.clean_name(file_name)
    try:
        _check_size(content)
        found = _type_of(content)
        _check_name(name, found)
        found.check(content)
        refuse_hidden(content, found.content_type)
    except Refused as refused:
        raise InvalidValue(field="file", reason=f"{name}: {refused}") from refused
    return Inspected(content, found.content_type, name, hashlib.sha256(content).hexdigest())


def _check_size(content: bytes) -> None:
    if not content:
        raise Refused(_("The file is empty."))
    if len(content) > MAX_BYTES:
        raise Refused(_("The file is larger than 20 MB."))


def _type_of(content: bytes) -> FileType:
    if content.startswith(b"%PDF-"):
        return PDF
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return WEBP
    if content.startswith(b"PK\x03\x04"):
        return DOCX if office.holds(content, "word/document.xml") else XLSX
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        return GEOJSON
    if start.startswith(b"<") or not text.is_text(content):
        raise Refused(_("Files of this type are not taken: take %(types)s.") % {"types": _accepted()})
    return CSV


def _check_name(name: str, found: FileType) -> None:
    extension = name.rpartition(".")[2].lower()
    if extension not in found.extensions:
        raise Refused(
            _("The name does not fit: the content is %(type)s, whose names end in .%(extension)s.")
            % {"type": found.name, "extension": found.extensions[0]}
        )


def _accepted() -> str:
    return ", ".join(each.name for each in ACCEPTED)


def without_metadata(content: bytes, content_type: str) -> bytes | None:
    """Return an image as the public is shown it, without where and with what it was taken; None for other files."""
    return images.redrawn(content) if content_type.startswith("image/") else None
