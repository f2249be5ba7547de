"""The font of printed documents: embedded, so that a certificate looks the same everywhere and can still be read in 30 years.

See fonts/README.md for where it comes from. Of a font that is embedded only the characters that a document uses are written
into it. What our font lacks (rare characters in names) is set in one that PDF readers bring along for Chinese.
"""

import re
from functools import cache
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

FONT = "NotoSansSC"
RARE = "STSong-Light"
SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
FIGURES = str.maketrans(SUBSCRIPTS, "0123456789")
FILE = Path(__file__).parent / "fonts" / "NotoSansSC-Regular.ttf"


@cache
def register_fonts() -> frozenset[int]:
    """Make the fonts known to reportlab, once a process, and return which characters ours has."""
    font = TTFont(FONT, str(FILE))
    pdfmetrics.registerFont(font)
    pdfmetrics.registerFont(UnicodeCIDFont(RARE))
    return frozenset(font.face.charToGlyph)


def printable(text: object) -> str:
    """Return a text as the markup of a paragraph: nothing in it is markup, and each character has a font that has it."""
    known = register_fonts()
    if any(letter in SUBSCRIPTS for letter in str(text)):
        # CO₂e: our font has no small figures, so an ordinary one is set small.
        pieces = re.split(f"([{SUBSCRIPTS}]+)", str(text))
        return "".join(
            f"<sub>{piece.translate(FIGURES)}</sub>" if at % 2 else printable(piece) for at, piece in enumerate(pieces)
        )
    parts = groupby(str(text), key=lambda letter: ord(letter) in known or letter.isspace())
    return "".join(
        escape("".join(letters)) if is_known else f'<font name="{RARE}">{escape("".join(letters))}</font>'
        for is_known, letters in parts
    )
