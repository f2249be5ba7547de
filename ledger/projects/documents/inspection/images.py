"""Images, opened again: whole, not too large, and redrawn without metadata for the public."""

import io
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from ledger.projects.documents.inspection.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

# What is unpacked at most: 150 MB for a moment.
MAX_PIXELS = 50_000_000
MAX_SIDE = 20_000
SHOWN_SIDE = 2_400
QUALITY = 88
PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"


def check_jpeg(content: bytes) -> None:
    """Refuse what is no whole JPEG. Phones write more behind its end (depth, motion); what that may not be, `refusal` says.

    Raises: Refused.
    """
    _check(content, "JPEG")


def check_png(content: bytes) -> None:
    """Refuse what is no whole PNG, or goes on behind its end.

    Raises: Refused.
    """
    _check(content, "PNG")
    if not content.endswith(PNG_END):
        raise Refused(_("Another file is hidden in it."))


def check_webp(content: bytes) -> None:
    """Refuse what is no whole WebP, or longer than it says.

    Raises: Refused.
    """
    _check(content, "WEBP")
    said = int.from_bytes(content[4:8], "little") + 8
    if len(content) != said + said % 2:
        raise Refused(_("Another file is hidden in it."))


def _check(content: bytes, kind: str) -> None:
    with _opened(content, kind) as image:
        if getattr(image, "n_frames", 1) > 1 and kind != "JPEG":
            raise Refused(_("Moving images are not taken."))
        image.load()


@contextmanager
def _opened(content: bytes, *kinds: str) -> "Iterator[Image.Image]":
    """Open an image whose size is looked at before anything is unpacked.

    Raises: Refused.
    """
    try:
        with warnings.catch_warnings():
            # Our own bound is below the one that is warned of.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=kinds)
        with image:
            width, height = image.size
            if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
                raise Refused(_("The image has more than 50 million points: make it smaller."))
            yield image
    except Image.DecompressionBombError:
        raise Refused(_("The image has more than 50 million points: make it smaller.")) from None
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError):
        # What Pillow raises for files that are broken is not one kind of error.
        raise Refused(_("The image is damaged.")) from None


def redrawn(content: bytes) -> bytes:
    """Return the same picture, upright and no larger than a screen, with nothing but its points: no place, no time, no phone.

    Raises: Refused.
    """
    with _opened(content, "JPEG", "PNG", "WEBP") as image:
        # Photos of several pictures (MPO) are JPEG, of which the first is taken.
        kind = image.format if image.format in ("PNG", "WEBP") else "JPEG"
        image.draft("RGB", (SHOWN_SIDE, SHOWN_SIDE))
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
        is_clear = kind != "JPEG" and ("A" in upright.getbands() or "transparency" in upright.info)
        mode = "RGBA" if is_clear else "RGB"
        bare = Image.new(mode, upright.size)
        bare.paste(upright.convert(mode))
        written = io.BytesIO()
        options: dict[str, Any] = {} if kind == "PNG" else {"quality": QUALITY}
        bare.save(written, kind, **options)
        return written.getvalue()
