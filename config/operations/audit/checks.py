"""The checks of an audit: each a program that others keep up to date, run on this repository."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
BASELINE = ".secrets.baseline"
LOCKS = ("requirements.txt", "requirements-dev.txt")
# Holes that were looked at and do not concern us: the id, and why. None as of now.
ACCEPTED_HOLES: dict[str, str] = {}
# Rules of bandit that are passed over everywhere, and why; those of single files stand in pyproject.toml.
PASSED_OVER = {
    "S101": "assertions say what is so, never what a caller may do: that is refused by an exception",
    "S608": "SQL is put together of our own constants (columns, fragments); whatever comes from a caller is bound as a parameter",
}
SECONDS = 300


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has come to: whether it could be done, whether it found something, and what it says."""

    said: str
    is_bad: bool = False
    was_done: bool = True


def known_holes() -> Finding:
    """Ask the package index which of the pinned packages have known holes.

    Where it does not tell of any package at all it is out of reach (or a mirror without this service): said, and no failure.
    """
    asked, unknown, holes = 0, 0, []
    for lock in LOCKS:
        done = _run("pip_audit", "--requirement", lock, "--no-deps", "--disable-pip", "--format", "json")
        try:
            packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
        except (json.JSONDecodeError, KeyError):
            return Finding(f"the vulnerability service cannot be asked: {_last_line(done.stderr)}", was_done=False)
        asked += len(packages)
        unknown += sum("skip_reason" in package for package in packages)
        holes += holes_in(packages)
    if unknown == asked:
        return Finding(f"the vulnerability service knows none of {asked} packages: it is out of reach", was_done=False)
    told = f"{asked - unknown} of {asked} packages looked up"
    return Finding(f"{told}: {'; '.join(holes)}" if holes else told, is_bad=bool(holes))


def holes_in(packages: Sequence[dict[str, Any]]) -> list[str]:
    """Return the holes of packages that nobody has accepted."""
    return [
        f"{package['name']} {package['version']}: {hole['id']}"
        for package in packages
        for hole in package.get("vulns", ())
        if not {hole["id"], *hole.get("aliases", ())} & ACCEPTED_HOLES.keys()
    ]


def secrets() -> Finding:
    """Look for what seems a secret in tracked files and is not in the baseline, where each was looked at.

    Left out: pictures, what is vendored, and what is made up for tests and examples. The program writes the baseline anew where what was
    looked at has moved to other lines: it works on a copy, and that is no finding.
    """
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        baseline = shutil.copy(ROOT / BASELINE, folder)
        done = _run(
            "detect_secrets.pre_commit_hook", "--baseline", baseline, *_worth_scanning(tracked.stdout.split("\n"))
        )
    is_bad = done.returncode not in (0, MOVED)
    return Finding(done.stdout.strip() if is_bad else "none that is new", is_bad=is_bad)


MOVED = 3
"""The status with which the program says that it has written other line numbers into the baseline, and nothing else."""
PICTURES = (".lock", ".baseline", ".webp", ".png", ".woff2", ".mo", ".po", ".svg", ".pdf", ".xlsx", ".ttf")
# What is made up for tests, or shown as an example of an answer, looks like secrets and is none.
MADE_UP = ("tests/", "ledger/api/examples/", "docs/openapi.yaml")


def _worth_scanning(names: Sequence[str]) -> list[str]:
    return [
        name
        for name in names
        if name and not name.endswith(PICTURES) and not name.startswith(MADE_UP) and "/vendor/" not in name
    ]


def static_analysis() -> Finding:
    """Ask ruff for the rules of bandit; what is passed over in single files stands in pyproject.toml with its reason."""
    passed_over = ",".join(PASSED_OVER)
    done = _run("ruff", "check", "--select", "S", "--ignore", passed_over, "--output-format", "concise", *SOURCES)
    return Finding(_last_line(done.stdout), is_bad=done.returncode != 0)


SOURCES = ("config", "ledger", "trading")


def dependencies() -> Finding:
    """Look for packages that are used and not declared, or declared and not used."""
    done = _run("deptry", ".", "--no-ansi")
    return Finding("as declared" if done.returncode == 0 else done.stderr.strip(), is_bad=done.returncode != 0)


ALL: tuple[Callable[[], Finding], ...] = (known_holes, secrets, static_analysis, dependencies)


def _run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        said = f"{module} has come to no end in {SECONDS} s"
        return subprocess.CompletedProcess(command, UNFINISHED, said, said)


UNFINISHED = 124
"""The status of what came to no end, as `timeout` has it."""


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "nothing said"
