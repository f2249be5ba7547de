"""Names of files as people gave them, fit to be shown and to be written into a header."""

import re
import unicodedata

MAX_STEM = 80
MAX_EXTENSION = 8
# What is a path, what a shell or a header reads, and what Windows refuses.
UNFIT = re.compile(r"[\x00-\x1f\x7f<>:\"/\\|?*;%]+")
NO_NAME = "file"


def clean_name(given: str) -> str:
    """Return the last part of a path, without what does not belong in a name; characters that turn others around are gone."""
    name = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    name = "".join(letter for letter in name if unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    name = re.sub(r"\s+", " ", UNFIT.sub("_", name))
    stem, dot, extension = name.rpartition(".")
    if not dot:
        return name.strip(" ._")[:MAX_STEM] or NO_NAME
    return f"{stem.strip(' ._')[:MAX_STEM] or NO_NAME}.{extension[:MAX_EXTENSION]}"
