"""The folder in which the programs of a host keep their figures. Imports nothing: who starts the programs counts nothing."""

from pathlib import Path


def begin_anew(folder: Path) -> None:
    """Remove the figures of a run that is over: counters begin at nought."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink(missing_ok=True)
