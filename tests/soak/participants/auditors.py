"""Auditors: they keep every checkpoint that they see, and have it proved that the log only grew."""

import base64
from typing import Any

from ledger.transparency import merkle
from ledger.transparency.notes import NoteError, Verifier, parse_checkpoint
from tests.soak.participants.base import Participant


class Auditor(Participant):
    """Trusts nothing but the log's key."""

    pause_seconds = 4.0
    round = 3

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._verifier = Verifier(self.plan.more["vkey"])
        self._seen: list[tuple[int, bytes]] = []

    def step(self) -> None:
        """Take the newest checkpoint, and have something proved."""
        self._take_checkpoint()
        draw = self.lot.random()
        if len(self._seen) > 1 and draw < 0.5:
            self._prove_consistency()
        elif self._seen and draw < 0.85:
            self._prove_inclusion()
        else:
            self.get(self.lot.choice(("/trial-balance", "/log", "/surveillance/alerts", "/accounts?page_size=100")))

    def finish(self) -> None:
        """See the log's last state, too."""
        self._take_checkpoint()

    def _take_checkpoint(self) -> None:
        answer = self.line.ask("GET", "root:/log/checkpoint")
        if answer is None or answer.status != 200:
            return
        try:
            body = parse_checkpoint(self._verifier.verify(answer.content))
        except NoteError as error:
            self.complain(f"a checkpoint is not signed by the log: {error}")
            return
        if not self._seen or self._seen[-1] != (body.size, body.root):
            self._seen.append((body.size, body.root))
            self.tell(checkpoint=body.size, root=body.root.hex())

    def _prove_consistency(self) -> None:
        (old, old_root), (new, new_root) = sorted(self.lot.sample(self._seen, 2))
        if old == new:
            if old_root != new_root:
                self.complain(f"the log has shown two roots of {old} records")
            return
        found = self.get(f"/log/consistency?first={old}&second={new}")
        if found is None:
            return
        try:
            merkle.verify_consistency(old, new, _hashes(found), old_root, new_root)
        except merkle.ProofError as error:
            self.complain(f"the log of {old} records is not proved to be in that of {new}: {error}")
        self.tell(proved="consistency")

    def _prove_inclusion(self) -> None:
        size, root = self._seen[-1]
        index = self.lot.randrange(size)
        found = self.get(f"/log/inclusion?index={index}&size={size}")
        if found is None:
            return
        entry = self.get(f"/log/entries/{found['record']}")
        leaf = base64.b64decode(found["leaf_hash"])
        if entry is not None and merkle.leaf_hash(base64.b64decode(entry["entry"])) != leaf:
            self.complain(f"record {found['record']} is not what the log has of it")
        try:
            merkle.verify_inclusion(index, size, leaf, _hashes(found), root)
        except merkle.ProofError as error:
            self.complain(f"entry {index} is not proved to be in the log of {size} records: {error}")
        self.tell(proved="inclusion")


def _hashes(found: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(each) for each in found["hashes"]]
