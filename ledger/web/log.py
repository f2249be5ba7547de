"""Serve the log as C2SP tlog-tiles: static, cacheable files made from rows. Answers are plain text, as programs expect."""

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from ledger.errors import AddressNotAllowed, InsufficientScope, SecondFactorMissing, SecondFactorUnused
from ledger.parties.access import find_membership, may_read_entries
from ledger.parties.addresses import address_of
from ledger.parties.models import User
from ledger.parties.rates import reader_with_token
from ledger.parties.second_factor import require_strong
from ledger.transparency import selectors
from ledger.transparency.cosigning import keep_cosignatures
from ledger.transparency.history import key_periods
from ledger.transparency.models import Checkpoint
from ledger.transparency.proving import inclusion_text, prove_inclusion
from ledger.transparency.tiles import TILE_WIDTH, TileError, encode_entry_bundle, parse_tile_address
from ledger.transparency.witness import Refusal

IMMUTABLE = "public, max-age=31536000, immutable"
PLAIN = "text/plain; charset=utf-8"
MAX_COSIGNED_BYTES = 65_536


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """Return the newest signed checkpoint, with the cosignatures that it has."""
    return _checkpoint(selectors.latest_checkpoint(), "The log is empty.")


@require_safe
def witnessed_checkpoint(request: HttpRequest) -> HttpResponse:
    """Return the newest checkpoint that a witness has cosigned: while the log grows, it is a little behind the newest."""
    return _checkpoint(selectors.witnessed_checkpoint(), "No checkpoint has been cosigned.")


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """Return the log's verifier keys, a line each, after the smallest tree size that each signs."""
    return _text("".join(f"{period.from_size} {period.vkey}\n" for period in key_periods()))


@require_safe
def proof(request: HttpRequest, record_id: int) -> HttpResponse:
    """Return the proof that a record is in the newest signed tree. Source: C2SP tlog-proof."""
    leaf = selectors.place_of_record(record_id)
    if leaf is None:
        raise Http404("The log has no such record, or it waits for its place.")
    return _text(inclusion_text(prove_inclusion(leaf), selectors.cosigned_note(leaf.newest)))


@require_safe
def tile(request: HttpRequest, level: str, number: str) -> HttpResponse:
    """Return a tile of hashes; partial where the address ends in .p/WIDTH."""
    tile_number, width = _parse(number)
    hashes = selectors.tile_hashes(int(level), tile_number, width) if level in _LEVELS else None
    if hashes is None:
        raise Http404("The log has no such tile.")
    return _bytes(hashes, IMMUTABLE)


@require_safe
def entry_bundle(request: HttpRequest, number: str) -> HttpResponse:
    """Return a bundle of entries, for auditors and the operator alone: entries name parties.

    They come with the session of a page, or with a token of the API, as `Authorization: Bearer th_…`.
    """
    try:
        person = _person(request)
    except (AddressNotAllowed, InsufficientScope, SecondFactorMissing, SecondFactorUnused) as error:
        return _refusal(error.status, str(error))
    if person is None:
        return _refusal(401, "Entries are for auditors: send a token, as Authorization: Bearer th_…")
    if not may_read_entries(person):
        return _refusal(403, "Entries are for auditors.")
    bundle_number, width = _parse(number)
    found = selectors.entries(bundle_number * TILE_WIDTH, width)
    if len(found) != width:
        raise Http404("The log has no such entries.")
    return _bytes(encode_entry_bundle(found), "private, max-age=31536000, immutable")


@csrf_exempt
@require_POST
def add_cosignature(request: HttpRequest) -> HttpResponse:
    """Take a checkpoint of ours with the cosignature of a configured witness; a second time changes nothing."""
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > MAX_COSIGNED_BYTES:
        return _refusal(413, f"A cosigned checkpoint has at most {MAX_COSIGNED_BYTES} bytes.")
    try:
        kept = keep_cosignatures(request.body)
    except Refusal as refusal:
        return _refusal(refusal.status, refusal.reason)
    return _text(f"{kept}\n")


_LEVELS = tuple(str(level) for level in range(selectors.LEVELS))


def _person(request: HttpRequest) -> User | None:
    """Return who asks: by a token where one is sent, else by the session.

    Raises: AddressNotAllowed, InsufficientScope; SecondFactorUnused, SecondFactorMissing for a session that is too weak.
    """
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return reader_with_token(secret.strip(), address=address_of(request))
    if isinstance(request.user, AnonymousUser):
        return None
    membership = find_membership(request.user)
    require_strong(request, membership)
    if membership is not None:
        request.user.membership_at_hand = membership  # type: ignore[attr-defined]
    return request.user


def _parse(address: str) -> tuple[int, int]:
    try:
        return parse_tile_address(address)
    except TileError as error:
        raise Http404(str(error)) from error


def _checkpoint(found: Checkpoint | None, otherwise: str) -> HttpResponse:
    if found is None:
        raise Http404(otherwise)
    return _text(selectors.cosigned_note(found))


def _text(content: str) -> HttpResponse:
    return HttpResponse(content, content_type=PLAIN, headers={"Cache-Control": "no-cache"})


def _refusal(status: int, reason: str) -> HttpResponse:
    response = HttpResponse(f"{reason}\n", status=status, content_type=PLAIN)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def _bytes(content: bytes, kept: str) -> HttpResponse:
    return HttpResponse(content, content_type="application/octet-stream", headers={"Cache-Control": kept})
