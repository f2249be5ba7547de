"""The figures of a run: what was measured, against what in the same run, and what it should reach."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement. `reference` is another measurement of the same run, `ratio` what they come to, `target` its bound."""

    name: str
    value: float
    unit: str
    reference: str | None = None
    ratio: float | None = None
    target: str | None = None
    holds: bool | None = None
    note: str = ""


def figure(name: str, value: float, unit: str, note: str = "") -> Row:
    """Return a measurement that stands for itself."""
    return Row(name, value, unit, note=note)


def at_least(bound: float, name: str, value: float, unit: str, of: Row, note: str = "") -> Row:
    """Return a measurement that must be `bound` times another one or more."""
    ratio = value / of.value
    return Row(name, value, unit, of.name, ratio, f"≥ {bound:g}×", ratio >= bound, note)


def at_most(bound: float, name: str, value: float, unit: str, of: Row, note: str = "") -> Row:
    """Return a measurement that must be `bound` times another one or less."""
    ratio = value / of.value
    return Row(name, value, unit, of.name, ratio, f"≤ {bound:g}×", ratio <= bound, note)


def write(rows: Sequence[Row], path: Path) -> None:
    """Write the rows as JSON, rounded to what the measurements are good for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {"rows": [_rounded(row) for row in rows]}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _rounded(row: Row) -> dict[str, Any]:
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in asdict(row).items()}


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table for the terminal, notes below it."""
    lines = [f"{'':<44}{'value':>12}  {'unit':<16}{'ratio':>8}  {'must be':<9}{'':<8}reference"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}×"
        verdict = {True: "holds", False: "MISSED", None: ""}[row.holds]
        lines.append(
            f"{row.name:<44}{row.value:>12,.4g}  {row.unit:<16}{ratio:>8}  {row.target or '':<9}{verdict:<8}"
            f"{row.reference or ''}".rstrip()
        )
    notes = [f"  {row.name}: {row.note}" for row in rows if row.note]
    return "\n".join([*lines, "", *notes])
