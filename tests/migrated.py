"""A PostgreSQL cluster whose database is migrated: made once, and copied for each process that tests.

To migrate takes a quarter of a minute, to copy what came of it a fraction of a second. The cluster is made anew as soon as
the code, what is installed, or this recipe is another.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import embedded
from config.embedded import postgres

BASE_DIR = Path(__file__).resolve().parent.parent
MOULD = BASE_DIR / "var" / "migrated"
# Without what a server keeps for itself to write to later: the copies are the smaller for it.
SMALL = {
    "fsync": "off",
    "full_page_writes": "off",
    "min_wal_size": "32MB",
}


def put_into(var_dir: Path) -> None:
    """Put a copy of the migrated cluster into a folder, in place of whatever was there; who comes first makes it.

    Raises: EmbeddedError where the folder is in use.
    """
    with _one_at_a_time():
        if not _is_up_to_date():
            _make()
        if var_dir.exists():
            embedded.remove(var_dir)
        _copy(var_dir)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    MOULD.parent.mkdir(exist_ok=True)
    with MOULD.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_up_to_date() -> bool:
    try:
        return (MOULD / "made-of").read_text() == _made_of()
    except FileNotFoundError:
        return False


def _made_of() -> str:
    """Return what tells whether any of what the cluster is made of is another."""
    sum_ = hashlib.sha256()
    code = [BASE_DIR / package for package in ("config", "ledger", "trading")]
    files = [file for folder in code for kind in ("py", "sql") for file in folder.rglob(f"*.{kind}")]
    for file in sorted([*files, BASE_DIR / "requirements-dev.txt", Path(__file__)]):
        sum_.update(f"{file.relative_to(BASE_DIR)}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return sum_.hexdigest()


def _make() -> None:
    if MOULD.exists():
        embedded.remove(MOULD)
    made_of = _made_of()
    with embedded.services(MOULD, postgres_settings=SMALL) as services:
        environment = os.environ | services.environment() | {"SECRET_KEY": "only-for-tests"}
        subprocess.run(
            [sys.executable, "-W", "ignore", "manage.py", "migrate", "--verbosity=0"],
            cwd=BASE_DIR,
            env=environment,
            check=True,
        )
    # Only of a server that has stopped in good order.
    (MOULD / "made-of").write_text(made_of)


def _copy(var_dir: Path) -> None:
    """Copy the cluster to where a server of this folder will look for it."""
    var_dir.mkdir(parents=True)
    for home, copy in zip(postgres.homes(MOULD), postgres.homes(var_dir), strict=True):
        if home.is_dir():
            # As it is, with owners and permissions.
            subprocess.run(["cp", "-a", str(home), str(copy)], check=True)
    shutil.copy2(MOULD / postgres.PASSWORD_NAME, var_dir / postgres.PASSWORD_NAME)
