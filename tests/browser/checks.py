"""What is asked of every page. Each check returns what it found: no lines, no fault."""

import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser.chromium import AXE
from tests.browser.readers import DESKTOP, PHONE, Reader

FOLDER = Path(__file__).parent
INSPECTION = (FOLDER / "inspection.js").read_text(encoding="utf-8")
WIDE = (FOLDER / "wide.js").read_text(encoding="utf-8")
READING = (FOLDER / "reading.js").read_text(encoding="utf-8")

# 320 is what is left of 1280 at 400 %, which WCAG 1.4.10 asks for; 720 of 1440 at 200 %.
WIDTHS = (320, PHONE, 720, DESKTOP)
LEAST_SHIFT = 0.05
# What a page may cost a village before charts and maps, which have their own libraries.
MOST_BYTES = 150_000
CHARTS = ("/vendor/leaflet/", "/vendor/uplot/", "/vendor/lightweight-charts/")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SEVERE = {"serious", "critical"}


def shape(reader: Reader) -> list[str]:
    """Look for what must be there once: a heading, a title, labels; and for what is too small to be hit."""
    found: list[str] = reader.page.evaluate(INSPECTION)
    language = reader.page.evaluate("document.documentElement.lang")
    if language.lower() != reader.language:
        found.append(f"is in {language or 'no language'}")
    return found


def width(reader: Reader, widths: Iterable[int] = WIDTHS) -> list[str]:
    """Look at several widths for what would have to be scrolled sideways."""
    found = []
    before = reader.page.viewport_size
    for each in widths:
        reader.widen(each)
        found += [f"is wider than {each} px: {line}" for line in reader.page.evaluate(WIDE)]
    assert before is not None
    reader.widen(before["width"])
    return found


def access(reader: Reader) -> list[str]:
    """Ask axe-core, in light and, for what depends on colours, in dark."""
    if not reader.page.evaluate("typeof axe === 'object'"):
        # Not by an element, which the page's policy would forbid.
        reader.page.evaluate(AXE)
    with _whole(reader):
        _see(reader, "light")
        found = _ask(reader, {"runOnly": {"type": "tag", "values": RULES}}, "")
        _see(reader, "dark")
        found += _ask(reader, {"runOnly": {"type": "rule", "values": ["color-contrast"]}}, " in the dark")
        reader.see("light")
    return found


@contextmanager
def _whole(reader: Reader) -> Iterator[None]:
    """Make the window as high as the page: what a bar at its foot covers just now would be scrolled out from under it."""
    before = reader.page.viewport_size
    assert before is not None
    height = reader.page.evaluate("document.documentElement.scrollHeight")
    reader.page.set_viewport_size({"width": before["width"], "height": max(before["height"], height)})
    yield
    reader.page.set_viewport_size(before)


def _see(reader: Reader, theme: str) -> None:
    reader.see(theme)
    # Colours that fade into others are looked at when they have arrived.
    reader.page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished.catch(() => {})))")


def _ask(reader: Reader, options: dict[str, Any], where: str) -> list[str]:
    asked = (
        "(options) => axe.run(document, { ...options, resultTypes: ['violations'] }).then((said) => said.violations)"
    )
    found = []
    for violation in reader.page.evaluate(asked, options):
        if violation["impact"] in SEVERE:
            for node in violation["nodes"][:3]:
                said = " ".join(node["failureSummary"].split())[:260]
                found.append(f"{violation['id']}{where}: {' '.join(map(str, node['target']))}: {said}")
    return found


def shift(reader: Reader) -> list[str]:
    """Look how far what was shown has moved while the page was loading."""
    moved, parts = reader.page.evaluate(
        """() => new Promise((done) => {
            let sum = 0;
            const parts = [];
            new PerformanceObserver((list) => {
                for (const entry of list.getEntries().filter((each) => !each.hadRecentInput)) {
                    sum += entry.value;
                    parts.push(...entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 60) ?? "a text"));
                }
            }).observe({ type: "layout-shift", buffered: true });
            requestAnimationFrame(() => requestAnimationFrame(() => done([sum, parts.slice(0, 4)])));
        })"""
    )
    return [f"moves while it loads: {moved:.3f}, {'; '.join(parts)}"] if moved >= LEAST_SHIFT else []


def cost(reader: Reader) -> list[str]:
    """Weigh what the page is made of, compressed, whether it had to be fetched or was there from the page before."""
    ours = [url for url in reader.parts() if url.startswith(reader.site) and not any(part in url for part in CHARTS)]
    weights = {url: _weight(reader, url) for url in ours}
    heaviest = sorted(weights.items(), key=lambda pair: -pair[1])[:3]
    return [f"costs {sum(weights.values())} bytes: {heaviest}"] if sum(weights.values()) >= MOST_BYTES else []


_weights: dict[str, int] = {}


def _weight(reader: Reader, url: str) -> int:
    if url not in _weights:
        # Asked beside the page, as the same person.
        answer = reader.context.request.get(url)
        _weights[url] = len(gzip.compress(answer.body())) if answer.ok else 0
    return _weights[url]


def focus(reader: Reader) -> list[str]:
    """Look whether whatever can be reached by keys shows it."""
    found: list[str] = reader.page.evaluate(
        """() => {
            const shows = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none";
            const faults = [];
            const reached = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")];
            for (const element of reached.slice(0, 80)) {
                if (element.disabled || !element.checkVisibility({ checkVisibilityCSS: true })) continue;
                element.focus({ focusVisible: true, preventScroll: true });
                if (document.activeElement === element && !shows(getComputedStyle(element))) {
                    faults.push(`does not show where the keys are: ${element.localName}.${[...element.classList].join(".")} ${element.name ?? ""}`);
                }
            }
            document.activeElement?.blur?.();
            return faults.slice(0, 5);
        }"""
    )
    return found


def texts(reader: Reader) -> list[str]:
    """Return what a person reads in the page that has Latin letters in it."""
    found: list[str] = reader.page.evaluate(READING)
    return found
