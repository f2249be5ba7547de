"""Read XML that somebody hands in: no document types, no entities, nothing that grows."""

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import XMLParser

_DECLARED = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s*=\s*["'](gbk|gb2312|gb18030)["']""", re.IGNORECASE)


class XmlRefused(ValueError):
    """XML that is not read. Whoever reads says it in the words of what the file should be."""


class TooLarge(XmlRefused):
    """It has more elements, or deeper ones, than was allowed."""


class Declares(XmlRefused):
    """It declares a document type or entities."""


class Malformed(XmlRefused):
    """It is not well-formed, or in no encoding that is known."""


class _LocalNames(TreeBuilder):
    """Builds a tree of elements without their namespaces, no larger than it may be."""

    def __init__(self, max_elements: int, max_depth: int) -> None:
        super().__init__()
        self._left, self._max_depth, self._depth = max_elements, max_depth, 0

    def start(self, tag: str, attrs: dict[Any, Any], /) -> Element:
        self._left -= 1
        self._depth += 1
        if self._left < 0 or self._depth > self._max_depth:
            raise TooLarge
        return super().start(tag.rpartition("}")[2], attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag.rpartition("}")[2])


def parse_xml(content: bytes, *, max_elements: int, max_depth: int) -> Element:
    """Return the root element; names have no namespaces.

    Raises: XmlRefused.
    """
    try:
        content, encoding = _readable(content)
        parser = XMLParser(target=_LocalNames(max_elements, max_depth), encoding=encoding, forbid_dtd=True)
        parser.feed(content)
        root = parser.close()
    except DefusedXmlException:
        raise Declares from None
    except XmlRefused:
        raise
    except (ParseError, ValueError, LookupError) as error:
        raise Malformed(str(error)[:120]) from None
    assert isinstance(root, Element)
    return root


def _readable(content: bytes) -> tuple[bytes, str | None]:
    """Return the file in an encoding that the parser knows: it does not know the Chinese ones."""
    if not _DECLARED.match(content.lstrip()):
        return content, None
    return content.decode("gb18030").encode(), "utf-8"
