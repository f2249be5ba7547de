"""A witness that comes by itself: reads the log's checkpoint and tiles, cosigns, and hands the cosignature in."""

from ledger.transparency.fetching import Answer, FetchError, ask
from ledger.transparency.merkle import HASH_BYTES, ProofError
from ledger.transparency.notes import CheckpointBody, NoteError, parse_checkpoint, parse_note
from ledger.transparency.tiles import TILE_WIDTH, TileError, TileTree, tile_address
from ledger.transparency.witness.core import Refusal, Submission, Witness

NOT_FOUND = (404, 410)


class Follower:
    """Follows one log at its address, such as https://tianhui.example/log."""

    def __init__(self, witness: Witness, url: str) -> None:
        self._witness = witness
        self._url = url.rstrip("/")
        self._handed_in: CheckpointBody | None = None

    def follow(self) -> str:
        """Cosign the log's newest checkpoint and hand the cosignature in, and return in words what was done.

        Raises: FetchError where the log does not answer, Refusal where it shows what must not be signed, StateError.
        """
        answer = self._ask("checkpoint", limit=1_000_000)
        if answer.status in NOT_FOUND:
            return "the log is empty"
        note = self._content(answer, "checkpoint")
        text, body = _read(note)
        if body == self._handed_in:
            return f"nothing new after size {body.size}"
        line = self._cosign(note, body)
        answer = self._ask("add-cosignature", f"{text}\n{line}".encode(), limit=10_000)
        self._content(answer, "add-cosignature")
        self._handed_in = body
        return f"cosigned size {body.size}"

    def _cosign(self, note: bytes, body: CheckpointBody) -> str:
        seen = self._witness.last_seen(body.origin)
        old = seen.size if seen else 0
        if body.size < old:
            raise Refusal(409, f"the log shows size {body.size}, and has shown {old} before")
        try:
            proof = TileTree(body.size, self._tile).consistency_proof(old) if 0 < old < body.size else []
        except (ProofError, TileError) as error:
            raise Refusal(422, f"the log's tiles do not fit: {error}") from None
        return self._witness.add_checkpoint(Submission(old, tuple(proof), note))

    def _tile(self, level: int, number: int, width: int) -> bytes:
        """Return the hashes of a tile; a partial one may have given way to the full one."""
        path = f"tile/{level}/{tile_address(number, width)}"
        answer = self._ask(path, limit=TILE_WIDTH * HASH_BYTES)
        if answer.status in NOT_FOUND and width < TILE_WIDTH:
            path = f"tile/{level}/{tile_address(number)}"
            answer = self._ask(path, limit=TILE_WIDTH * HASH_BYTES)
        return self._content(answer, path)[: width * HASH_BYTES]

    def _ask(self, path: str, body: bytes | None = None, *, limit: int) -> Answer:
        return ask(f"{self._url}/{path}", body, seconds=20, limit=limit)

    def _content(self, answer: Answer, path: str) -> bytes:
        if answer.status != 200:
            reason = answer.body[:200].decode(errors="replace").strip()
            raise FetchError(f"{self._url}/{path} answers {answer.status}: {reason}")
        return answer.body


def _read(note: bytes) -> tuple[str, CheckpointBody]:
    try:
        text = parse_note(note).text
        return text, parse_checkpoint(text)
    except NoteError as error:
        raise Refusal(400, f"what the log shows is no checkpoint: {error}") from None
