"""Read a PDF back, as a reader would."""

from io import BytesIO

from pypdf import PdfReader


def pages_of(content: bytes) -> list[str]:
    """Return the text of each page, line by line."""
    return [page.extract_text() for page in PdfReader(BytesIO(content)).pages]


def text_of(content: bytes) -> str:
    """Return all that a PDF says as one text: where a line is broken is the printer's choice."""
    return "".join(line for page in pages_of(content) for line in page.split("\n"))


def embedded_fonts(content: bytes) -> set[str]:
    """Return the names of the fonts that a PDF brings along itself."""
    found = set()
    for page in PdfReader(BytesIO(content)).pages:
        for font in page["/Resources"]["/Font"].get_object().values():  # type: ignore[index]
            descriptor = font.get_object().get("/FontDescriptor")
            if descriptor is not None and "/FontFile2" in descriptor.get_object():
                found.add(str(font.get_object()["/BaseFont"]).partition("+")[2])
    return found
