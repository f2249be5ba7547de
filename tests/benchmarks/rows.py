"""The figures of a run: what was measured, against what in the same run, and what it should reach."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement. `reference` is another measurement of the same run, `ratio` what they come to, `target` its bound.

    `holds` says whether it is met; None where there is no target, or where too little was measured to judge it.
    """

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


def below(bound: float, name: str, value: float, unit: str, note: str = "") -> Row:
    """Return a measurement that must stay below a bound of its own unit."""
    return Row(name, value, unit, target=f"< {bound:g} {unit}", holds=value < bound, note=note)


def above(bound: float, name: str, value: float, unit: str, note: str = "") -> Row:
    """Return a measurement that must be at least a bound of its own unit."""
    return Row(name, value, unit, target=f"≥ {bound:g} {unit}", holds=value >= bound, note=note)


def unjudged(row: Row) -> Row:
    """Return the row of a run that measured less than its target speaks of."""
    return replace(row, holds=None)


def write(rows: Sequence[Row], path: Path, *, is_full: bool) -> None:
    """Write the rows as JSON, rounded to what the measurements are good for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {"is_full": is_full, "rows": [_rounded(row) for row in rows]}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _rounded(row: Row) -> dict[str, Any]:
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in asdict(row).items()}


_VERDICTS = {True: "holds", False: "MISSED", None: "not judged"}


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table for the terminal, notes below it."""
    lines = [f"{'':<46}{'value':>12}  {'unit':<16}{'ratio':>8}  {'must be':<9}{'':<12}reference"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}×"
        verdict = "" if row.target is None else _VERDICTS[row.holds]
        lines.append(
            f"{row.name:<46}{row.value:>12,.4g}  {row.unit:<16}{ratio:>8}  {row.target or '':<9}{verdict:<12}"
            f"{row.reference or ''}".rstrip()
        )
    notes = [f"  {row.name}: {row.note}" for row in rows if row.note]
    return "\n".join([*lines, "", *notes])


def summary(rows: Sequence[Row], seconds: float) -> str:
    """Say in one line how many targets are met, and name those that are not."""
    judged = [row for row in rows if row.holds is not None]
    missed = [
        f"{row.name} ({row.ratio:.2f}×, {row.target})" if row.ratio else row.name for row in judged if not row.holds
    ]
    said = f"{len(judged) - len(missed)} of {len(judged)} targets met" if judged else "No target was judged"
    return f"{said}, in {seconds:.0f} s." + "".join(f"\n  missed: {name}" for name in missed)
