"""Hand a file out so that a browser does nothing with it but show an image, or keep it."""

import logging

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from ledger.errors import FileOutOfReach
from ledger.parties.models import Membership
from ledger.projects.documents import store
from ledger.projects.documents.models import Document
from ledger.projects.documents.selectors import shown_sha256

logger = logging.getLogger(__name__)

NOTHING_RUNS = "default-src 'none'; sandbox; frame-ancestors 'none'"


def file_response(request: HttpRequest, document: Document, membership: Membership | None) -> HttpResponseBase:
    """Return the file of a document as its reader may have it: images to be looked at, all else to be kept.

    Raises: FileOutOfReach.
    """
    sha256 = shown_sha256(document, membership)
    etag = f'"{sha256}"'
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return unchanged
    try:
        content = store.read(sha256)
    except (store.NoSuchFile, OSError) as error:
        logger.error("document %s: %s", document.public_id, error)
        raise FileOutOfReach() from error
    response = HttpResponse(content, content_type=document.content_type)
    response["Content-Disposition"] = content_disposition_header(not document.is_image, document.file_name) or "inline"
    response["Content-Security-Policy"] = NOTHING_RUNS
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    # Asked for again each time: what is withdrawn is not shown from somebody's cache.
    response["Cache-Control"] = "private, no-cache"
    response["ETag"] = etag
    return response
