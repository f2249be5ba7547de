"""What a browser needs to check a record for itself: the exact bytes, the path to the root, and the signed checkpoint.

Whose entry is open to whom: a retirement's, and its transaction's, to everybody where the beneficiary is public, else to
the organisation that retired, the operator and auditors. An entry names who acted by a pseudonym and the account by a
number. Where the beneficiary is hidden these alone would tie the retirement to others of the same organisation, so that
the public checks such a record by its leaf hash. So it does every other record.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.credits.models import Retirement
from ledger.credits.selectors import may_see_beneficiary
from ledger.errors import NotFound
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership
from ledger.transparency.models import LogLeaf, Record
from ledger.transparency.selectors import latest_checkpoint, tree_of
from ledger.transparency.subjects import places_of, retirement_subject


@dataclass(frozen=True, slots=True)
class Proof:
    """A record with its path to the root. Place and path are None and empty while it waits for its place in the log."""

    record_id: int
    index: int | None
    leaf_hash: bytes | None
    hashes: tuple[bytes, ...]
    entry: bytes | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Records and the checkpoint that their paths lead to: a signed note, None while one of them waits."""

    proofs: tuple[Proof, ...]
    checkpoint: str | None


def evidence_of_record(record_id: int, viewer: Membership | None) -> Evidence:
    """Return the evidence of any record; with its entry for the operator and auditors.

    Raises: NotFound.
    """
    return _evidence([record_id], shows_entries=viewer is not None and reads_everything(viewer))


def evidence_of_retirement(retirement: Retirement, viewer: Membership | None) -> Evidence:
    """Return the evidence of a retirement: its own record, then that of the transaction that moved the serial numbers.

    Raises: NotFound where the retirement has no record: it was not written by the service.
    """
    place = places_of([subject := retirement_subject(retirement.public_id)]).get(("credits_retired", subject))
    if place is None:
        raise NotFound()
    record_ids = [place.record_id, retirement.transaction.record_id]
    return _evidence(record_ids, shows_entries=may_see_beneficiary(retirement, viewer))


def _evidence(record_ids: Sequence[int], *, shows_entries: bool) -> Evidence:
    entries = dict(Record.objects.filter(pk__in=record_ids).values_list("pk", "entry"))
    if len(entries) != len(record_ids):
        raise NotFound()
    # The places first: whatever has one is in the checkpoint that is read after it.
    leaves = {leaf.record_id: leaf for leaf in LogLeaf.objects.filter(record__in=record_ids)}
    newest = latest_checkpoint()
    if newest is None or len(leaves) != len(record_ids):
        return Evidence(tuple(Proof(record_id, None, None, (), None) for record_id in record_ids), None)
    tree = tree_of(newest.tree_size)
    proofs = [
        Proof(
            record_id,
            index := leaves[record_id].index,
            bytes(leaves[record_id].leaf_hash),
            tuple(tree.inclusion_proof(index)),
            bytes(entries[record_id]) if shows_entries else None,
        )
        for record_id in record_ids
    ]
    return Evidence(tuple(proofs), newest.note)
