"""Why a file is not taken, and what no file may hold whatever else it is."""

import re

from django.utils.translation import gettext as _

END_OF_ZIP = b"PK\x05\x06"
# The end of a ZIP archive is within its last 22 bytes and a comment of up to 65,535.
ZIP_TAIL = 22 + 65_535
# Readers of PDF look for its mark this far into a file.
PDF_HEAD = 1_024
SCRIPT = re.compile(rb"<(?:script|svg|html|iframe|!doctype|\?php)[\s>/]", re.IGNORECASE)
TEXTS = ("text/csv", "application/geo+json")


class Refused(Exception):
    """A file is not taken; the message says why, to people."""


def refuse_hidden(content: bytes, content_type: str) -> None:
    """Refuse a file that is something else besides: what another program would take for an archive, a PDF or a page.

    Raises: Refused.
    """
    is_office = content_type.startswith("application/vnd.")
    is_pdf = content_type == "application/pdf"
    hides = (
        (not is_office and END_OF_ZIP in content[-ZIP_TAIL:] and content_type not in TEXTS)
        or (not is_pdf and b"%PDF-" in content[:PDF_HEAD])
        or (not is_pdf and not is_office and SCRIPT.search(content) is not None)
        or (is_pdf and SCRIPT.search(content[:PDF_HEAD]) is not None)
    )
    if hides:
        raise Refused(_("Another file is hidden in it."))
