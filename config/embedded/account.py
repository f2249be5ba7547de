"""The user that PostgreSQL runs as where we are root, which it refuses to be."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

USUAL_NAMES = ("nobody", "daemon")


@dataclass(frozen=True)
class Account:
    """An unprivileged user of this machine."""

    name: str
    uid: int
    gid: int

    def arguments(self) -> dict[str, object]:
        """Return what makes subprocess drop to this user, and to none of our groups."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can(self, test: str, path: Path) -> bool:
        """Ask the machine itself whether this user passes the shell's test (-x, -r) on the path."""
        return self._succeeds(["/bin/sh", "-c", f'test {test} "$1"', "sh", str(path)])

    def works(self) -> bool:
        """Tell whether we may become this user: in a container not every one exists."""
        return self._succeeds(["/bin/sh", "-c", ":"])

    def _succeeds(self, command: list[str]) -> bool:
        try:
            run = subprocess.run(  # type: ignore[call-overload]
                command, cwd="/", capture_output=True, check=False, timeout=10, **self.arguments()
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return bool(run.returncode == 0)


def unprivileged_account(owner_uid: int | None = None) -> Account | None:
    """Return the account to drop to, `owner_uid`'s first; None where we are an ordinary user already.

    Raises: LookupError where we are root and can become nobody else.
    """
    if os.geteuid() != 0:
        return None
    for account in _candidates(owner_uid):
        if account.works():
            return account
    raise LookupError("no unprivileged user")


def _candidates(owner_uid: int | None) -> Iterator[Account]:
    users = [user for user in pwd.getpwall() if user.pw_uid != 0]
    usual = {name: place for place, name in enumerate(USUAL_NAMES)}
    users.sort(key=lambda user: (user.pw_uid != owner_uid, usual.get(user.pw_name, len(usual)), user.pw_uid))
    for user in users:
        yield Account(user.pw_name, user.pw_uid, user.pw_gid)
