"""Serve the log as C2SP tlog-tiles: static, cacheable files made from rows."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ledger.parties.access import may_read_entries
from ledger.transparency import selectors
from ledger.transparency.tiles import TILE_WIDTH, TileError, encode_entry_bundle, parse_tile_address

IMMUTABLE = "public, max-age=31536000, immutable"


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """Return the newest signed checkpoint."""
    newest = selectors.latest_checkpoint()
    if newest is None:
        raise Http404("The log is empty.")
    return HttpResponse(newest.note, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-cache"})


@require_safe
def tile(request: HttpRequest, level: int, number: str) -> HttpResponse:
    """Return a tile of hashes; partial where the address ends in .p/WIDTH."""
    tile_number, width = _parse(number)
    hashes = selectors.tile_hashes(level, tile_number, width) if level < 8 else None
    if hashes is None:
        raise Http404("The log has no such tile.")
    return _bytes(hashes)


@require_safe
def entry_bundle(request: HttpRequest, number: str) -> HttpResponse:
    """Return a bundle of entries, for auditors and the operator alone: entries name parties."""
    if not may_read_entries(request.user):
        return HttpResponse("Entries are for auditors.\n", status=403, content_type="text/plain; charset=utf-8")
    bundle_number, width = _parse(number)
    found = selectors.entries(bundle_number * TILE_WIDTH, width)
    if len(found) != width:
        raise Http404("The log has no such entries.")
    response = _bytes(encode_entry_bundle(found))
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


def _parse(address: str) -> tuple[int, int]:
    try:
        return parse_tile_address(address)
    except TileError as error:
        raise Http404(str(error)) from error


def _bytes(content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type="application/octet-stream", headers={"Cache-Control": IMMUTABLE})
