"""Debian's Chromium without a window: loads a page as a reader's browser would, and tells what it complained of."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

BINARY = shutil.which("chromium")
SECONDS = 60


@dataclass(frozen=True, slots=True)
class Loaded:
    """A page as it stands after its scripts have run, and what the browser's console said."""

    dom: str
    complaints: list[str]


def load(url: str, *, profile: Path, width: int = 1440) -> Loaded:
    """Load a page in English."""
    assert BINARY is not None
    command = [
        BINARY,
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--disable-background-networking", "--no-first-run", "--no-proxy-server"),
        *("--enable-logging=stderr", "--v=0", "--accept-lang=en", "--virtual-time-budget=3000"),
        *(f"--user-data-dir={profile}", f"--window-size={width},1400", "--dump-dom", url),
    ]
    done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)
    return Loaded(done.stdout.decode(), re.findall(r"CONSOLE[^\n]*", done.stderr.decode(errors="replace")))
