"""Read the XML of a bank statement, safely, and say in its words why one is not read."""

from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from ledger import safe_xml
from ledger.journal.bank.content import unreadable

MAX_ELEMENTS = 300_000
MAX_DEPTH = 60


def parse_xml(content: bytes) -> Element:
    """Return the root element; names have no namespaces.

    Raises: InvalidValue for what is not well-formed, declares a document type or entities, or is too large.
    """
    try:
        return safe_xml.parse_xml(content, max_elements=MAX_ELEMENTS, max_depth=MAX_DEPTH)
    except safe_xml.TooLarge:
        raise unreadable(_("The file has far more in it than a bank statement has.")) from None
    except safe_xml.Declares:
        raise unreadable(
            _("The file declares a document type or entities, which a bank statement never does.")
        ) from None
    except safe_xml.Malformed as error:
        raise unreadable(_("The file cannot be read as XML: %(error)s."), error=error) from None
