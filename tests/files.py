"""Files as people hand them in, and as nobody should."""

import io
import zipfile
import zlib

from PIL import Image

CONTENT_TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def picture(kind: str = "JPEG", *, size: tuple[int, int] = (64, 48), colour: str = "green", **options: object) -> bytes:
    """Return an image."""
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, kind, **options)
    return written.getvalue()


def photo_with_place() -> bytes:
    """Return a JPEG that says where, when and with what it was taken, and that it lies on its side."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Phone of Lin", 6
    exif.get_ifd(0x8825).update({1: "N", 2: (24.0, 30.0, 0.0), 3: "E", 4: (117.0, 15.0, 0.0)})
    return picture(exif=exif.tobytes())


def pdf(body: bytes = b"1 0 obj <</Type /Catalog>> endobj\n") -> bytes:
    """Return what begins and ends as a PDF."""
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + body + b"trailer <</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"


def packed_pdf(objects: bytes) -> bytes:
    """Return a PDF whose objects are packed in a stream."""
    packed = zlib.compress(objects)
    head = b"2 0 obj <</Type /ObjStm /N 1 /First 4 /Length %d /Filter /FlateDecode>>\nstream\n" % len(packed)
    return pdf(head + packed + b"\nendstream endobj\n")


def archive(parts: dict[str, str | bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP archive of parts."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return written.getvalue()


def workbook(**more: str | bytes) -> bytes:
    """Return the least that is a workbook, with more parts where they are given."""
    sheet = '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    return archive({"[Content_Types].xml": CONTENT_TYPES, "xl/workbook.xml": sheet, **more})


def letter(**more: str | bytes) -> bytes:
    """Return the least that is a text of Word."""
    return archive({"[Content_Types].xml": CONTENT_TYPES, "word/document.xml": "<w:document/>", **more})
