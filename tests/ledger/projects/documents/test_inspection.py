"""What is taken, and every way in which a file can be something else than it says."""

import io
import struct
import zipfile
import zlib

import pytest
from django.utils import translation
from PIL import Image

from ledger.errors import InvalidValue
from ledger.projects.documents.inspection import inspect, without_metadata
from tests.files import CONTENT_TYPES, archive, letter, packed_pdf, pdf, photo_with_place, picture, workbook

GOOD = {
    "paper.pdf": (pdf(), "application/pdf"),
    "packed.pdf": (packed_pdf(b"3 0 <</Type /Pages>>"), "application/pdf"),
    "photo.jpg": (photo_with_place(), "image/jpeg"),
    "photo.JPEG": (picture(), "image/jpeg"),
    # What phones write behind the picture itself.
    "motion.jpg": (picture() + b"\x00\x00\x00\x18ftypmp42" + b"\x01" * 500, "image/jpeg"),
    "map.png": (picture("PNG"), "image/png"),
    "map.webp": (picture("WEBP"), "image/webp"),
    "lab.xlsx": (workbook(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "minutes.docx": (letter(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "lab.csv": ("样品,SOC g/kg,变化\r\nA01,12.5,-0.3\r\n".encode(), "text/csv"),
    "bom.csv": (b"\xef\xbb\xbfa,b\r\n1,2\r\n", "text/csv"),
    "gbk.csv": ("样品,有机碳\r\n甲,12\r\n".encode("gb18030"), "text/csv"),
    "fields.geojson": (b'{"type": "FeatureCollection", "features": []}', "application/geo+json"),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_taken(name):
    content, content_type = GOOD[name]
    found = inspect(content, name)
    assert (found.content_type, found.content) == (content_type, content)


def bomb(megabytes: int) -> bytes:
    return workbook(**{"xl/worksheets/sheet1.xml": b"<a/>" * (megabytes * 250_000)})


def lying_bomb() -> bytes:
    """Return a workbook one of whose parts says that it is small."""
    content = bytearray(bomb(20))
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        start = content.rindex(mark)
        struct.pack_into("<I", content, start + at, 100)
    return bytes(content)


def overlapping() -> bytes:
    """Return an archive whose parts lie over one another."""
    content = bytearray(workbook(**{"xl/a.xml": "<a/>" * 50, "xl/b.xml": "<a/>" * 50}))
    entries = [at for at in range(len(content)) if content[at : at + 4] == b"PK\x01\x02"]
    offset = struct.unpack_from("<I", content, entries[2] + 42)[0]
    struct.pack_into("<I", content, entries[3] + 42, offset)
    return bytes(content)


def encrypted() -> bytes:
    content = bytearray(workbook())
    for mark, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        start = content.index(mark)
        content[start + at] |= 1
    return bytes(content)


def huge_png() -> bytes:
    """Return a PNG of a few hundred bytes that says it has 60,000 × 60,000 points."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def wide_png() -> bytes:
    return picture("PNG", size=(20_001, 1))


def moving_png() -> bytes:
    written = io.BytesIO()
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "green")]
    frames[0].save(written, "PNG", save_all=True, append_images=frames[1:])
    return written.getvalue()


HTML = b"<html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
BAD = {
    "empty.pdf": (b"", "The file is empty."),
    "large.pdf": (pdf() + b" " * 20_000_000, "larger than 20 MB"),
    "page.jpg": (HTML, "are not taken"),
    "page.csv": (HTML, "are not taken"),
    "drawing.svg": (SVG, "are not taken"),
    "drawing.png": (SVG, "are not taken"),
    "program.pdf": (b"MZ\x90\x00" + bytes(100), "are not taken"),
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "are not taken"),
    "moving.gif": (b"GIF89a" + bytes(20), "are not taken"),
    "picture.png": (picture(), "The name does not fit: the content is JPEG"),
    "photo.jpg.exe": (picture(), "The name does not fit"),
    "photo": (picture(), "The name does not fit"),
    "cut.jpg": (picture(size=(400, 400))[:-300], "The image is damaged."),
    "head.jpg": (b"\xff\xd8\xff\xe0" + bytes(50), "The image is damaged."),
    "huge.png": (huge_png(), "more than 50 million points"),
    "wide.png": (wide_png(), "more than 50 million points"),
    "moving.png": (moving_png(), "Moving images are not taken."),
    "jpeg_and_zip.jpg": (picture() + workbook(), "Another file is hidden in it."),
    "jpeg_and_page.jpg": (picture() + HTML, "Another file is hidden in it."),
    "jpeg_and_pdf.jpg": (picture(comment=b"%PDF-1.4\n"), "Another file is hidden in it."),
    "png_and_zip.png": (picture("PNG") + workbook(), "Another file is hidden in it."),
    "png_and_text.png": (picture("PNG") + b"more", "Another file is hidden in it."),
    "webp_and_more.webp": (picture("WEBP") + b"more", "Another file is hidden in it."),
    "pdf_and_zip.pdf": (pdf() + workbook(), "something follows its end"),
    "pdf_in_the_middle.pdf": (b"%PDF-junk" + pdf(), "The PDF is damaged"),
    "cut.pdf": (pdf()[:40], "The PDF is damaged"),
    "script.pdf": (pdf(b"1 0 obj <</S /JavaScript /JS (app.alert\\(1\\))>> endobj\n"), "holds scripts"),
    "escaped.pdf": (pdf(b"1 0 obj <</S /J#61vaScript>> endobj\n"), "holds scripts"),
    "packed.pdf": (packed_pdf(b"3 0 <</S /Launch /F (cmd.exe)>>"), "holds scripts"),
    "escaped_stream.pdf": (packed_pdf(b"3 0 <</S /Launch>>").replace(b"/ObjStm", b"/Obj#53tm"), "holds scripts"),
    "attached.pdf": (pdf(b"1 0 obj <</EmbeddedFiles 2 0 R>> endobj\n"), "holds scripts"),
    "locked.pdf": (pdf(b"trailer <</Encrypt 4 0 R>>\n"), "locked by a password"),
    "bomb.xlsx": (bomb(90), "unpacks to far more"),
    "largest.xlsx": (bomb(110), "larger than 100 MB"),
    "lying.xlsx": (lying_bomb(), "The archive is damaged."),
    "overlapping.xlsx": (overlapping(), "The archive is damaged."),
    "locked.xlsx": (encrypted(), "locked by a password"),
    "cut.xlsx": (workbook()[:-30], "The archive is damaged."),
    "prefixed.xlsx": (b"PK\x03\x04" + bytes(40) + workbook(), "The archive is damaged."),
    "appended.xlsx": (workbook() + HTML, "The archive is damaged."),
    "macros.xlsx": (workbook(**{"xl/vbaProject.bin": b"x"}), "holds macros"),
    "macro_type.xlsx": (
        archive({"[Content_Types].xml": CONTENT_TYPES + "macroEnabled", "xl/workbook.xml": "<a/>"}),
        "holds macros",
    ),
    "embedded.docx": (letter(**{"word/embeddings/oleObject1.bin": b"x"}), "holds macros"),
    "outside.xlsx": (workbook(**{"../../etc/passwd": b"x"}), "names places outside"),
    "laughs.xlsx": (workbook(**{"xl/a.xml": '<!DOCTYPE l [<!ENTITY l "lol">]><a/>'}), "definitions"),
    "plain.xlsx": (archive({"readme.txt": "x"}), "neither a workbook"),
    "packed.xlsx": (
        archive({"[Content_Types].xml": CONTENT_TYPES, "xl/workbook.xml": "<a/>"}, compression=zipfile.ZIP_LZMA),
        "packed in a way",
    ),
    "parts.xlsx": (workbook(**{f"xl/{at}.xml": "<a/>" for at in range(2_001)}), "too many parts"),
    "formula.csv": (b"a,b\r\n1,=cmd|' /C calc'!A0\r\n", "Row 2, column 2 begins like a formula"),
    "at.csv": (b"a,b\r\n1,@SUM(1)\r\n", "Row 2, column 2 begins like a formula"),
    "plus.csv": (b"a,+1+1\r\n", "Row 1, column 2 begins like a formula"),
    "full_width.csv": ("a,＝1+1\r\n".encode(), "Row 1, column 2 begins like a formula"),
    "nul.csv": (b"a,b\x00\r\n", "are not taken"),
    "columns.csv": (b"," * 1_000_000, "500 columns at most"),
    "quote.csv": (b'a,"b\r\n', "This is no CSV"),
    "map.geojson": (b'{"type": "Topology"}', "its type is none"),
    "broken.geojson": (b'{"type": ', "cannot be read as JSON"),
    "deep.geojson": (b'{"a":' * 100_000, "cannot be read as JSON"),
    "page.geojson": (b'{"type": "Feature", "properties": {"a": "<script>"}}', "Another file is hidden"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_taken(name):
    content, reason = BAD[name]
    with translation.override("en"), pytest.raises(InvalidValue) as refused:
        inspect(content, name)
    assert refused.value.field == "file"
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("C:\\Users\\lin\\photo.jpg", "photo.jpg"),
        ("a\x00b.jpg", "ab.jpg"),
        ("a\r\nSet-Cookie: x.jpg", "aSet-Cookie_ x.jpg"),
        ("gpj.\u202eexe.jpg", "gpj.exe.jpg"),
        ('a"b<c>.jpg', "a_b_c.jpg"),
        ("...jpg", "file.jpg"),
        ("上坂 田.jpg", "上坂 田.jpg"),
        ("x" * 300 + ".jpg", "x" * 80 + ".jpg"),
    ],
)
def test_names_become_names(given, kept):
    assert inspect(picture(), given).file_name == kept


def test_the_public_copy_says_nothing_but_the_picture():
    original = photo_with_place()
    assert b"Phone of Lin" in original
    shown = without_metadata(original, "image/jpeg")
    assert shown is not None
    with Image.open(io.BytesIO(shown)) as image:
        # Upright, as the metadata asked for that is gone.
        assert image.size == (48, 64)
        assert not image.getexif()
    assert b"Phone of Lin" not in shown
    assert without_metadata(pdf(), "application/pdf") is None


def test_the_public_copy_is_no_larger_than_a_screen():
    shown = without_metadata(picture("PNG", size=(3_000, 1_000)), "image/png")
    with Image.open(io.BytesIO(shown)) as image:
        assert image.size == (2_400, 800)
