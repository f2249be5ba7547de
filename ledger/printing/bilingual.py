"""Texts in both languages, as documents need them that leave the screen."""

from django.utils import translation
from django.utils.functional import Promise


def both(text: str | Promise) -> tuple[str, str]:
    """Return a text in Chinese and in English; the second one is empty where they are the same."""
    written = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            written.append(str(text))
    chinese, english = written
    return (chinese, "" if chinese == english else english)
