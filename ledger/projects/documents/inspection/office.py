"""Workbooks and texts of Office: ZIP archives of XML, unpacked within bounds, without macros or embedded programs."""

import io
import zipfile
import zlib
from collections.abc import Sequence

from django.utils.translation import gettext as _

from ledger.projects.documents.inspection.refusal import END_OF_ZIP, Refused

MAX_PARTS = 2_000
MAX_UNPACKED = 100_000_000
# XML packs well, about ten to one and rarely fifty; a bomb packs a thousand to one.
MAX_RATIO = 200
RATIO_MATTERS_FROM = 1_000_000
CHUNK = 1 << 20
LOCAL_HEADER = 30
END = 22
ACTIVE = ("vbaproject", "/activex/", "/embeddings/", "oleobject", ".bin.exe")
CONTENT_TYPES = "[Content_Types].xml"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


def holds(content: bytes, part: str) -> bool:
    """Return whether an archive names a part."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return part in archive.namelist()
    except _BROKEN:
        return False


def check_xlsx(content: bytes) -> None:
    """Refuse what is no plain workbook.

    Raises: Refused.
    """
    _check(content, "xl/workbook.xml")


def check_docx(content: bytes) -> None:
    """Refuse what is no plain text of Word.

    Raises: Refused.
    """
    _check(content, "word/document.xml")


def _check(content: bytes, main_part: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            _check_list(parts, content)
            if not {CONTENT_TYPES, main_part} <= {part.filename for part in parts}:
                raise Refused(_("This archive is neither a workbook (xlsx) nor a text (docx)."))
            for part in parts:
                _check_part(archive, part)
    except _BROKEN:
        raise Refused(_("The archive is damaged.")) from None


def _check_list(parts: Sequence[zipfile.ZipInfo], content: bytes) -> None:
    """Refuse bombs and oddities by what the list of parts says, before anything is unpacked."""
    if len(parts) > MAX_PARTS or len({part.filename for part in parts}) < len(parts):
        raise Refused(_("The archive has too many parts, or one twice."))
    if sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise Refused(_("Unpacked, the file is larger than 100 MB."))
    # Parts that lie over one another are how the smallest bombs are made.
    end = 0
    for part in sorted(parts, key=lambda each: each.header_offset):
        if part.header_offset < end:
            raise Refused(_("The archive is damaged."))
        end = part.header_offset + LOCAL_HEADER + part.compress_size
    # The archive is the whole file: nothing stands before its first part, nothing behind its list.
    is_whole = parts and min(part.header_offset for part in parts) == 0 and content[-END:].startswith(END_OF_ZIP)
    if end > len(content) or not is_whole:
        raise Refused(_("The archive is damaged."))
    if any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts):
        raise Refused(_("The archive is packed in a way that no Office program uses."))


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    name = part.filename.lower()
    if part.flag_bits & 1:
        raise Refused(_("The file is locked by a password."))
    if name.startswith("/") or "\\" in name or ".." in name.split("/"):
        raise Refused(_("The archive names places outside of it."))
    if any(word in f"/{name}" for word in ACTIVE):
        raise Refused(_("The file holds macros or other files: save it without them."))
    is_xml = name.endswith((".xml", ".rels"))
    tail = b""
    unpacked = 0
    with archive.open(part) as stream:
        while chunk := stream.read(CHUNK):
            unpacked += len(chunk)
            if unpacked > max(RATIO_MATTERS_FROM, part.compress_size * MAX_RATIO):
                raise Refused(_("The file unpacks to far more than it is."))
            if is_xml:
                _check_xml(tail + chunk)
                tail = chunk[-64:]


def _check_xml(content: bytes) -> None:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"\x00" in content:
        raise Refused(_("The file holds definitions that no Office program writes."))
    if b"macroEnabled" in content or b"vbaProject" in content:
        raise Refused(_("The file holds macros or other files: save it without them."))
