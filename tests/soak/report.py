"""The report of a run: a page that needs nothing but itself, the same as JSON, and a short text."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from tests.soak.findings import SLOWEST_SHOWN, Findings, explanation_of
from tests.soak.judge import Slowing, percentiles
from tests.soak.plots import Line, binned, number, plot, rate

BIN_SECONDS = 10.0
MOST_QUERIES_DRAWN = 6
MOST_PROBLEMS_PRINTED = 60
WRITES = ("POST /orders", "POST /orders/batch", "POST /orders/{id}/cancel", "POST /orders/{id}/replace")
STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1c2421; --quiet: #5c6863; --edge: #d8dfdb; --fault: #d2452e33; --rest: #2e6fd233;
  --c0: #1b6e4b; --c1: #b4541a; --c2: #2b5fae; --c3: #8c2f7c; --c4: #7a6a00; --c5: #00727a; --c6: #a3163a; --c7: #565c66; }
@media (prefers-color-scheme: dark) { :root { --ground: #141917; --ink: #e6ece9; --quiet: #9aa7a1; --edge: #2f3935; --fault: #ff6b5240; --rest: #6ba4ff40;
  --c0: #5cc795; --c1: #f0985c; --c2: #86b4ff; --c3: #e08fd2; --c4: #d9c64f; --c5: #55cbd4; --c6: #ff8aa5; --c7: #b4bcc6; } }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
figure { margin: 1.5rem 0; } figcaption { font-weight: 600; } small { color: var(--quiet); font-weight: 400; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--quiet); font-size: 11px; }
.end { text-anchor: end; } .middle { text-anchor: middle; } .grid { stroke: var(--edge); fill: none; }
.fault { fill: var(--fault); } .rest { fill: var(--rest); }
.line { fill: none; stroke-width: 1.6; } .key svg { width: 28px; display: inline-block; vertical-align: middle; margin-right: .4em; }
.key { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .3rem 0; font-size: .85rem; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; } th, td { text-align: left; padding: .15rem .8rem .15rem 0; border-bottom: 1px solid var(--edge); vertical-align: top; }
td { font-variant-numeric: tabular-nums; } code { font-size: .8rem; overflow-wrap: anywhere; } .bad { color: var(--c6); font-weight: 600; }
""" + "".join(
    f".c{at} {{ stroke: var(--c{at}); {dash} }}\n"
    for at, dash in enumerate(
        [
            "",
            "stroke-dasharray: 6 3;",
            "stroke-dasharray: 2 3;",
            "",
            "stroke-dasharray: 8 3 2 3;",
            "",
            "stroke-dasharray: 3 2;",
            "",
        ]
    )
)


@dataclass
class Report:
    """What is written at the end."""

    seed: int
    seconds: float
    participants: dict[str, int]
    schedule: list[str]
    figures: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    # Orders that were refused, by the code of the refusal.
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, value: object) -> None:
        """Add a figure."""
        self.figures.append((name, str(value)))

    def lines(self) -> list[str]:
        """Return the short text."""
        width = max(len(name) for name, _value in self.figures)
        table = [f"{name:<{width}}  {value}" for name, value in self.figures]
        if not self.problems:
            return [
                *table,
                "Nothing lost, nothing doubled, every invariant holds; memory is flat, and nothing has slowed down.",
            ]
        shown = self.problems[:MOST_PROBLEMS_PRINTED]
        more = [f"… and {len(self.problems) - len(shown)} more"] if len(self.problems) > len(shown) else []
        return [*table, f"{len(self.problems)} PROBLEMS", *shown, *more]

    def write(self, folder: Path, found: Findings | None) -> None:
        """Write report.json, report.txt, and report.html where there is something to draw."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.txt").write_text("\n".join(self.lines()) + "\n", encoding="utf-8")
        content = self._content(found)
        (folder / "report.json").write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
        if found is not None:
            (folder / "report.html").write_text(self._page(found), encoding="utf-8")

    def _content(self, found: Findings | None) -> dict[str, Any]:
        content: dict[str, Any] = {
            "seed": self.seed,
            "seconds": self.seconds,
            "participants": self.participants,
            "holds": not self.problems,
            "problems": self.problems,
            "figures": dict(self.figures),
            "schedule": self.schedule,
            "faults": self.faults,
        }
        if found is not None:
            content |= {
                "memory": [asdict(each) | {"is_flat": each.is_flat} for each in found.growths],
                "requests": [_as_json(each) for each in found.request_slowings],
                "statements": [_as_json(each) for each in found.statement_slowings],
                "failures": [
                    {"during": window, "operation": operation, "status": status, "count": count}
                    for (window, operation, status), count in sorted(found.failures.items())
                ],
                "refusals": {f"{status} {operation}": n for (operation, status), n in found.refusals.most_common()},
                "refused_orders": dict(self.refused.most_common()),
                "tables": found.bloat(),
                "deadlocks": found.statements.deadlocks,
                "errors_of_postgresql": dict(found.statements.said.most_common(40)),
            }
        return content

    def _page(self, found: Findings) -> str:
        verdict = "Everything held." if not self.problems else f"{len(self.problems)} problems."
        parts = [
            f"<h1>Soak: {verdict}</h1>",
            _table(("", ""), self.figures),
            _list("Problems", self.problems),
            "<h2>Over time</h2><p><small>Red: from a fault to the recovery from it. Blue: all invariants are checked meanwhile.</small></p>",
            *_plots(found),
            "<h2>Faults</h2>",
            _table(("at", "what", "down", "answered", "executed", "logged", "told", "over"), _fault_rows(self.faults)),
            "<h2>Requests that failed</h2>",
            _table(("during", "what", "status", "times"), _failure_rows(found)),
            "<h2>Why orders were refused</h2>",
            _table(("code", "times"), self.refused.most_common()),
            "<h2>Memory, second half</h2>",
            _table(("program", "median MB", "MB an hour", "MB grown", "samples", "lives", ""), _memory_rows(found)),
            "<h2>Requests, first and last third</h2>",
            _table(SLOWING_HEAD, _slowing_rows(found.request_slowings)),
            "<h2>Statements, first and last third</h2><p><small>A sample from PostgreSQL's log, what takes most in all first.</small></p>",
            _table(SLOWING_HEAD, _slowing_rows(found.statement_slowings[:SLOWEST_SHOWN])),
            "<h2>Tables</h2>",
            _table(("table", "rows", "dead at the end", "most dead", "MB", "vacuums"), _bloat_rows(found)),
            "<h2>Who took part</h2>",
            _table(("kind", "how many"), self.participants.items()),
            "<h2>What was drawn beforehand</h2>",
            f"<p>SOAK_SEED={self.seed} SOAK_SECONDS={self.seconds:.0f}</p>",
            _list("", self.schedule),
        ]
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Soak</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
        )


SLOWING_HEAD = ("", "first, ms", "last, ms", "times", "samples", "")


def _as_json(slow: Slowing) -> dict[str, Any]:
    judged = {"ratio": round(slow.ratio, 3), "is_judged": slow.is_judged, "has_slowed": slow.has_slowed}
    return asdict(slow) | judged | {"explained": explanation_of(slow.name)}


def _plots(found: Findings) -> list[str]:
    end = found.end - found.start
    bin_seconds = max(1.0, min(BIN_SECONDS, end / 40))

    def draw(title: str, unit: str, *lines: Line) -> str:
        windows = [type(each)(each.name, each.start - found.start, each.end - found.start) for each in found.windows]
        return plot(title, unit, lines, windows, end)

    return [
        draw("Throughput", "a second", *_throughput(found, bin_seconds)),
        draw("Orders: how long an answer takes", "ms", *_latencies(found, bin_seconds, writes=True)),
        draw("Reads: how long an answer takes", "ms", *_latencies(found, bin_seconds, writes=False)),
        draw("Memory", "MB", *_memory(found)),
        draw("Instructions that wait: how long the oldest has", "s", *_progress(found, "instruction_seconds")),
        draw("Records that wait for the log: how long the oldest has", "s", *_progress(found, "record_seconds")),
        draw("What waits", "rows", *_progress(found, "instructions", "records")),
        draw("Statements that take most in all: median", "ms", *_statements(found, bin_seconds * 3)),
        draw("Dead rows of the tables that have most", "rows", *_dead(found)),
    ]


def _throughput(found: Findings, seconds: float) -> list[Line]:
    answered = [each.at - found.start for each in found.tried if 200 <= each.status < 500]
    lines = [Line("requests answered", rate(answered, seconds))]
    for name, column in (("instructions executed", "executed"), ("trades settled", "trade_id")):
        points = [(each.at - found.start, float(getattr(each, column))) for each in found.sampler.progress]
        lines.append(Line(name, _slopes(points, seconds)))
    points = [(each.at - found.start, float(each.tree_size)) for each in found.sampler.progress]
    return [*lines, Line("records logged", _slopes(points, seconds))]


def _slopes(points: Sequence[tuple[float, float]], seconds: float) -> list[tuple[float, float]]:
    """Return how fast something grows, from one stretch to the next."""
    ends = binned(points, seconds, max)
    return [(late[0], max(0.0, (late[1] - early[1]) / (late[0] - early[0]))) for early, late in pairwise(ends)]


def _latencies(found: Findings, seconds: float, *, writes: bool) -> list[Line]:
    samples = [
        (each.at - found.start, each.seconds * 1_000)
        for each in found.tried
        if 200 <= each.status < 300
        and (each.operation in WRITES if writes else each.operation.startswith("GET /"))
        and each.operation != "GET /stream"
    ]
    return [
        Line(name, binned(samples, seconds, lambda values, share=share: percentiles(values, [share])[0]))
        for name, share in (("median", 0.5), ("95 %", 0.95), ("99 %", 0.99))
    ]


def _memory(found: Findings) -> list[Line]:
    by_program: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for at, program, _process_id, mb in found.sampler.memory:
        # All processes of a program were looked at in one moment.
        by_program[program][at - found.start] += mb
    return [Line(name, sorted(points.items()), 20.0) for name, points in sorted(by_program.items())]


def _progress(found: Findings, *columns: str) -> list[Line]:
    names = {
        "instructions": "instructions",
        "records": "records",
        "instruction_seconds": "instruction",
        "record_seconds": "record",
    }
    return [
        Line(
            names[column],
            [(each.at - found.start, float(getattr(each, column))) for each in found.sampler.progress],
            10.0,
        )
        for column in columns
    ]


def _statements(found: Findings, seconds: float) -> list[Line]:
    samples: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for each in found.statements.timed:
        samples[each.number].append((each.at - found.start, each.ms))
    busiest = sorted(samples, key=lambda name: -sum(ms for _at, ms in samples[name]))[:MOST_QUERIES_DRAWN]
    return [Line(found.statements.text_of(name)[:90], binned(samples[name], seconds, median)) for name in busiest]


def _dead(found: Findings) -> list[Line]:
    worst = sorted(found.bloat().items(), key=lambda item: -item[1]["most_dead"])[:MOST_QUERIES_DRAWN]
    return [
        Line(name, [(each.at - found.start, float(each.dead)) for each in found.sampler.tables if each.name == name])
        for name, _row in worst
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    written = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    if not written:
        return "<p>None.</p>"
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    return f'<div class="table"><table><thead><tr>{names}</tr></thead><tbody>{written}</tbody></table></div>'


def _list(title: str, items: Sequence[str]) -> str:
    if not items:
        return ""
    head = f'<h2 class="bad">{escape(title)}</h2>' if title else ""
    return head + "<ul>" + "".join(f"<li><code>{escape(each)}</code></li>" for each in items) + "</ul>"


def _fault_rows(faults: Iterable[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            f"{each['began_at']:.0f} s",
            each["name"] + (", clock set back" if each["is_clock_back"] else ""),
            f"{each['up_at'] - each['began_at']:.1f} s",
            *(f"{each['recovered'].get(sign, 0.0):.1f} s" for sign in ("answered", "executed", "logged", "told")),
            f"{each['seconds']:.1f} s",
        ]
        for each in faults
    ]


def _failure_rows(found: Findings) -> list[list[object]]:
    return [
        [window or "nothing", operation, status or "no answer", count]
        for (window, operation, status), count in sorted(found.failures.items())
    ]


def _memory_rows(found: Findings) -> list[list[object]]:
    return [
        [
            each.program,
            number(each.median_mb),
            number(each.mb_an_hour),
            number(each.grown_mb),
            each.points,
            each.lives,
            "" if each.is_flat else "grows" if each.is_judged else "too few samples",
        ]
        for each in found.growths
    ]


def _slowing_rows(slowings: Iterable[Slowing]) -> list[list[object]]:
    rows: list[list[object]] = []
    for each in slowings:
        word = "slower" if each.is_judged and each.has_slowed else "" if each.is_judged else "too few samples"
        if why := word == "slower" and explanation_of(each.name):
            word = why
        counts = f"{each.first_count} / {each.last_count}"
        rows.append([each.name, number(each.first_ms), number(each.last_ms), f"{each.ratio:.2f}", counts, word])
    return rows


def _bloat_rows(found: Findings) -> list[list[object]]:
    return [
        [
            name,
            f"{row['live']:,}",
            f"{row['dead']:,}",
            f"{row['most_dead']:,}",
            f"{row['bytes'] / 2**20:.1f}",
            row["vacuums"],
        ]
        for name, row in list(found.bloat().items())[:30]
    ]
