"""PDF: whole, not locked, and without what runs when it is opened."""

import re
import zlib
from collections.abc import Iterator

from django.utils.translation import gettext as _

from ledger.projects.documents.inspection.refusal import Refused

START = re.compile(rb"%PDF-[12]\.[0-9][\r\n]")
END = re.compile(rb"%%EOF[\s\x00]*\Z")
ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
STREAM = re.compile(rb"stream\r?\n")
END_OF_STREAM = b"endstream"
ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData)\b")
LOCKED = re.compile(rb"/Encrypt\b")
# Objects can be packed into streams: this much of them is looked at. What a stream is stands before it.
DICTIONARY = 1_000
MAX_PACKED = 2_000
MAX_UNPACKED = 50_000_000


def check(content: bytes) -> None:
    """Refuse what is no whole PDF, cannot be read without a password, or holds scripts or other files.

    Raises: Refused.
    """
    if not START.match(content) or not END.search(content[-1_100:]):
        raise Refused(_("The PDF is damaged, or something follows its end."))
    for part in _parts(content):
        readable = ESCAPED.sub(_unescaped, part)
        if LOCKED.search(readable):
            raise Refused(_("The PDF is locked by a password: print it into a new one."))
        if ACTIVE.search(readable):
            raise Refused(_("The PDF holds scripts or other files: print it into a new one."))


def _parts(content: bytes) -> Iterator[bytes]:
    """Yield what is written openly, then what objects are packed in streams."""
    openly, packed = bytearray(), []
    at = 0
    while found := STREAM.search(content, at):
        openly += content[at : found.start()]
        if _packs_objects(content[max(at, found.start() - DICTIONARY) : found.start()]):
            packed.append(found.end())
        # Within a stream any name can be there by chance; one that does not end is read openly.
        end = content.find(END_OF_STREAM, found.end())
        at = end + len(END_OF_STREAM) if end >= 0 else found.end()
        if end < 0:
            break
    yield bytes(openly + content[at:])
    yield from _unpacked(content, packed)


def _packs_objects(dictionary: bytes) -> bool:
    return b"ObjStm" in ESCAPED.sub(_unescaped, dictionary)


def _unescaped(found: re.Match[bytes]) -> bytes:
    return bytes([int(found[1], 16)])


def _unpacked(content: bytes, starts: list[int]) -> Iterator[bytes]:
    left = MAX_UNPACKED
    for start in starts:
        if left <= 0 or len(starts) > MAX_PACKED:
            raise Refused(_("The PDF is packed too densely to be looked into: print it into a new one."))
        try:
            unpacked = zlib.decompressobj().decompress(memoryview(content)[start:], left)
        except zlib.error:
            # Packed in another way, which no common program does: no reader of ours can look into it.
            raise Refused(_("The PDF is packed too densely to be looked into: print it into a new one.")) from None
        left -= len(unpacked)
        yield unpacked
