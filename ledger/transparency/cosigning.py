"""Get checkpoints cosigned: push them to witnesses, and keep the cosignatures that come back or are handed in.

Source: C2SP tlog-witness, tlog-cosignature.
"""

import datetime as dt
import logging
from collections.abc import Sequence

from django.core.cache import cache
from django.utils import timezone

from ledger.transparency.cosignatures import Cosignature, CosignatureVerifier
from ledger.transparency.fetching import Answer, FetchError, ask
from ledger.transparency.locks import session_lock
from ledger.transparency.models import Checkpoint
from ledger.transparency.models import Cosignature as CosignatureRow
from ledger.transparency.notes import NoteError, parse_checkpoint, parse_note, parse_size
from ledger.transparency.selectors import (
    ConfiguredWitness,
    WitnessState,
    configured_witnesses,
    latest_checkpoint,
    tree_of,
    witness_states,
)
from ledger.transparency.witness import Refusal, Submission, encode_submission

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 3.0
# A witness that does not answer is left alone for so long: the worker that waits for it sequences the log, too.
REST_SECONDS = 60
AHEAD_SECONDS = 300
MAX_ANSWER_BYTES = 65_536
SIZE_TYPE = "text/x.tlog.size"
_LOCK = 0x7469_616E_6875_6903


def keep_cosignatures(note: bytes) -> int:
    """Keep what configured witnesses have put under a checkpoint of ours, and return how many of them have.

    The first cosignature of a witness stands: handing one in again, or a newer one, changes nothing.

    Raises: Refusal: 400 where it is no checkpoint, 404 where it is none of ours, 403 where no configured witness signed.
    """
    try:
        text = parse_note(note).text
        size = parse_checkpoint(text).size
    except NoteError as error:
        raise Refusal(400, str(error)) from None
    checkpoint = Checkpoint.objects.filter(tree_size=size).first()
    if checkpoint is None or parse_note(checkpoint.note).text != text:
        raise Refusal(404, "the log has signed no such checkpoint")
    try:
        found = [each.verifier.find(note) for each in configured_witnesses()]
    except NoteError as error:
        raise Refusal(403, str(error)) from None
    return _keep(checkpoint, [each for each in found if each is not None])


def _keep(checkpoint: Checkpoint, cosignatures: Sequence[Cosignature]) -> int:
    now = timezone.now()
    if not cosignatures:
        raise Refusal(403, "no witness that is known here has signed this checkpoint")
    if any(each.seconds > now.timestamp() + AHEAD_SECONDS for each in cosignatures):
        raise Refusal(403, "the cosignature is of a time that has not come yet")
    rows = [
        CosignatureRow(
            checkpoint=checkpoint,
            name=each.name,
            key_id=each.key_id,
            line=each.line,
            signed_at=dt.datetime.fromtimestamp(each.seconds, dt.UTC),
            received_at=now,
        )
        for each in cosignatures
    ]
    CosignatureRow.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def push_checkpoint() -> None:
    """Show the newest checkpoint to each witness with a URL that has not cosigned it; one that fails stops no other.

    Locks: an advisory lock of the session, so that one pushes at a time; no transaction is open while a witness thinks.
    """
    with session_lock(_LOCK) as is_ours:
        newest = latest_checkpoint()
        if not is_ours or newest is None:
            return
        for witness, state in zip(configured_witnesses(), witness_states(), strict=True):
            if witness.url and state.size < newest.tree_size and not cache.get(_resting(witness)):
                _push_to(witness, state, newest)


def _push_to(witness: ConfiguredWitness, state: WitnessState, checkpoint: Checkpoint) -> None:
    try:
        _keep(checkpoint, [_cosigned_by(witness, state.size, checkpoint)])
    except (FetchError, Refusal, NoteError) as error:
        logger.warning("Witness %s has not cosigned size %d: %s", state.name, checkpoint.tree_size, error)
        cache.set(_resting(witness), True, REST_SECONDS)


def _cosigned_by(witness: ConfiguredWitness, old_size: int, checkpoint: Checkpoint) -> Cosignature:
    """Return the cosignature that a witness answers with, told of an old size that it corrects once.

    Raises: FetchError, Refusal, NoteError.
    """
    answer = _submit(witness.url, old_size, checkpoint)
    if answer.status == 409 and answer.content_type == SIZE_TYPE:
        old_size = parse_size(answer.body.decode("ascii", "replace").removesuffix("\n"))
        if old_size > checkpoint.tree_size:
            raise Refusal(409, f"it has seen {old_size} records of this log, which has {checkpoint.tree_size}")
        answer = _submit(witness.url, old_size, checkpoint)
    if answer.status != 200:
        raise Refusal(
            answer.status, f"it answers {answer.status}: {answer.body[:200].decode(errors='replace').strip()}"
        )
    return _read(witness.verifier, checkpoint, answer)


def _submit(url: str, old_size: int, checkpoint: Checkpoint) -> Answer:
    is_older = 0 < old_size < checkpoint.tree_size
    proof = tree_of(checkpoint.tree_size).consistency_proof(old_size) if is_older else []
    body = encode_submission(Submission(old_size, tuple(proof), checkpoint.note.encode()))
    return ask(f"{url}/add-checkpoint", body, seconds=ANSWER_SECONDS, limit=MAX_ANSWER_BYTES)


def _read(verifier: CosignatureVerifier, checkpoint: Checkpoint, answer: Answer) -> Cosignature:
    text = parse_note(checkpoint.note).text
    found = verifier.find(text.encode() + b"\n" + answer.body)
    if found is None:
        raise Refusal(403, "its answer has no line of the key that is configured for it")
    return found


def _resting(witness: ConfiguredWitness) -> str:
    return f"witness-rests:{witness.verifier.public_key.hex()}"
