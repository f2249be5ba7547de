"""Remember the checkpoints that were seen, so that a log cannot be cut short or rewritten behind an auditor's back."""

import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

FORMAT = 1
HASH_HEX = 64


class StateError(Exception):
    """A state file cannot be read or written, or is of another log."""


@dataclass(slots=True)
class Seen:
    """The sizes and roots of a log that were verified before."""

    origin: str = ""
    roots: dict[int, bytes] = field(default_factory=dict)

    def check_origin(self, origin: str, path: Path) -> None:
        """Refuse to compare one log with another.

        Raises: StateError.
        """
        if self.origin not in ("", origin):
            raise StateError(f"{path} remembers the log {self.origin}, and this is {origin}.")


def read_state(path: Path) -> Seen:
    """Return what was remembered; nothing where there is no file yet.

    Raises: StateError.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return Seen()
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise StateError(f"{path} is not a state file.") from None
    try:
        if content["format"] != FORMAT:
            raise ValueError
        roots = {int(size): bytes.fromhex(root) for size, root in content["checkpoints"].items()}
        if any(size < 1 or len(root) != HASH_HEX // 2 for size, root in roots.items()):
            raise ValueError
        return Seen(str(content["origin"]), roots)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise StateError(f"{path} is not a state file.") from None


def write_state(path: Path, seen: Seen) -> None:
    """Write what is to be remembered, all or nothing.

    Raises: StateError.
    """
    checkpoints = {str(size): root.hex() for size, root in sorted(seen.roots.items())}
    content = json.dumps({"format": FORMAT, "origin": seen.origin, "checkpoints": checkpoints}, indent=1)
    try:
        descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error.strerror}.") from None
