"""Read XML that somebody hands in: no document types, no entities, nothing that grows."""

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser
from django.utils.translation import gettext as _

from ledger.journal.bank.content import unreadable

MAX_ELEMENTS = 300_000
MAX_DEPTH = 60
_DECLARED = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s*=\s*["'](gbk|gb2312|gb18030)["']""", re.IGNORECASE)


class _LocalNames(TreeBuilder):
    """Builds a tree of elements without their namespaces, no larger than a statement is."""

    def __init__(self) -> None:
        super().__init__()
        self._elements = self._depth = 0

    def start(self, tag: str, attrs: dict[Any, Any], /) -> Element:
        self._elements += 1
        self._depth += 1
        if self._elements > MAX_ELEMENTS or self._depth > MAX_DEPTH:
            raise unreadable(_("The file has far more in it than a bank statement has."))
        return super().start(tag.rpartition("}")[2], attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag.rpartition("}")[2])


def parse_xml(content: bytes) -> Element:
    """Return the root element; names have no namespaces.

    Raises: InvalidValue for what is not well-formed, declares a document type or entities, or is too large.
    """
    try:
        content, encoding = _readable(content)
        parser = XMLParser(target=_LocalNames(), encoding=encoding, forbid_dtd=True)
        parser.feed(content)
        root = parser.close()
    except DefusedXmlException:
        raise unreadable(
            _("The file declares a document type or entities, which a bank statement never does.")
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        raise unreadable(_("The file cannot be read as XML: %(error)s."), error=str(error)[:120]) from None
    assert isinstance(root, Element)
    return root


def _readable(content: bytes) -> tuple[bytes, str | None]:
    """Return the file in an encoding that the parser knows: it does not know the Chinese ones."""
    if not _DECLARED.match(content.lstrip()):
        return content, None
    return content.decode("gb18030").encode(), "utf-8"
