"""Run published test vectors through our verification: inclusion, consistency, signed notes.

A vectors file is one JSON object with the lists `inclusion`, `consistency` and `signed_note`; hashes are in base64, and each vector
says by `wantErr` whether it must be refused. Source: transparency-dev/merkle testdata, golang.org/x/mod/sumdb/note.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ledger.transparency.merkle import ProofError, verify_consistency, verify_inclusion
from ledger.transparency.notes import NoteError, Verifier


class VectorsError(ValueError):
    """A file of vectors cannot be read."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A published case: what to verify, and whether it must be refused."""

    kind: str
    name: str
    must_be_refused: bool
    content: Mapping[str, Any]

    def agrees(self) -> bool:
        """Return whether we judge this case as it was published."""
        try:
            CHECKS[self.kind](self.content)
        except (ProofError, NoteError, binascii.Error):
            return self.must_be_refused
        return not self.must_be_refused


def _check_inclusion(content: Mapping[str, Any]) -> None:
    leaf, root = _decode(content["leafHash"]), _decode(content["root"])
    verify_inclusion(content["leafIdx"], content["treeSize"], leaf, _proof(content), root)


def _check_consistency(content: Mapping[str, Any]) -> None:
    old_root, new_root = _decode(content["root1"]), _decode(content["root2"])
    verify_consistency(content["size1"], content["size2"], _proof(content), old_root, new_root)


def _check_note(content: Mapping[str, Any]) -> None:
    Verifier(content["vkey"]).verify(content["note"])


CHECKS: dict[str, Callable[[Mapping[str, Any]], None]] = {
    "inclusion": _check_inclusion,
    "consistency": _check_consistency,
    "signed_note": _check_note,
}
_HASH = (str, type(None))
_FORMS: dict[str, dict[str, tuple[type, ...]]] = {
    "inclusion": {
        "leafIdx": (int,),
        "treeSize": (int,),
        "root": _HASH,
        "leafHash": _HASH,
        "proof": (list, type(None)),
    },
    "consistency": {
        "size1": (int,),
        "size2": (int,),
        "root1": _HASH,
        "root2": _HASH,
        "proof": (list, type(None)),
    },
    "signed_note": {"vkey": (str,), "note": (str,)},
}


def _decode(text: str | None) -> bytes:
    return base64.b64decode(text or "", validate=True)


def _proof(content: Mapping[str, Any]) -> list[bytes]:
    return [_decode(part) for part in content["proof"] or ()]


def read_vectors(path: Path) -> list[Vector]:
    """Return the vectors of a file.

    Raises: VectorsError where it cannot be read or has another form.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise VectorsError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise VectorsError(f"{path} is not JSON") from None
    if not isinstance(content, dict) or not CHECKS.keys() & content.keys():
        raise VectorsError(f"{path} has none of the lists {', '.join(CHECKS)}")
    return [vector for kind in CHECKS for vector in _vectors(kind, content.get(kind, []))]


def _vectors(kind: str, found: object) -> Iterator[Vector]:
    if not isinstance(found, list):
        raise VectorsError(f"{kind} is not a list")
    for at, content in enumerate(found):
        if not _has_form(kind, content):
            raise VectorsError(f"{kind} {at} is not in the form of a vector")
        yield Vector(kind, _name(content, at), content["wantErr"], content)


def _has_form(kind: str, content: object) -> bool:
    if not isinstance(content, dict) or not isinstance(content.get("wantErr"), bool):
        return False
    form = _FORMS[kind]
    if not all(key in content and type(content[key]) in types for key, types in form.items()):
        return False
    return all(isinstance(part, str) for part in content.get("proof") or ())


def _name(content: Mapping[str, Any], at: int) -> str:
    return str(content.get("file") or content.get("source") or content.get("desc") or at)


def run_vectors(path: Path, out: TextIO) -> bool:
    """Print how many vectors of each kind agree, and the name of each that does not; return whether all do.

    Raises: VectorsError.
    """
    vectors = read_vectors(path)
    wrong = [vector for vector in vectors if not vector.agrees()]
    for kind in CHECKS:
        total = sum(vector.kind == kind for vector in vectors)
        agreeing = total - sum(vector.kind == kind for vector in wrong)
        print(f"{kind:<12} {agreeing} of {total} agree", file=out)
    for vector in wrong:
        expected = "must be refused, but was accepted" if vector.must_be_refused else "is right, but was refused"
        print(f"DISAGREES    {vector.kind} {vector.name}: {expected}", file=out)
    return not wrong
