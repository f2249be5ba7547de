"""A market's page in a browser: how soon it is painted, how much it loads, and whether it keeps up with sixty changes a second."""

import gzip
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.stage import Floor, Stage
from tests.browser.chromium import chromium
from tests.browser.readers import Reader, reading

FLOOD = Path(__file__).parent.parent / "browser" / "flood.js"
LIBRARIES = ("lightweight-charts", "uPlot")


@dataclass(frozen=True, slots=True)
class Painted:
    """A page as it was loaded. Units: ms, bytes as compressed, share of the window that moved by itself."""

    first_paint_ms: float
    bytes_before_charts: int
    bytes_in_all: int
    moved: float


@dataclass(frozen=True, slots=True)
class Flooded:
    """A page that was changed sixty times a second for some seconds. Units: ms."""

    frames_a_second: float
    long_tasks: int
    longest_ms: float
    moved: float


def with_streams(there: Stage) -> Stage:
    """Return the stage with pages that ask for a stream: what answers is the flood."""
    address = f"http://127.0.0.1:{there.environment['STREAM_PORT']}"
    return replace(there, environment={**there.environment, "STREAM_URL": address})


def painted(there: Stage, floor: Floor) -> Painted:
    """Return how a market's page is loaded, in a browser that has nothing of it yet."""
    with _page_of(there, floor) as tab:
        first = tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        named = tab.evaluate("[location.href, ...performance.getEntriesByType('resource').map((each) => each.name)]")
        moved = tab.evaluate("seen.shift")
    sizes = {url: _compressed(url) for url in named if "/live" not in url and "/api/" not in url}
    charts = sum(size for url, size in sizes.items() if any(library in url for library in LIBRARIES))
    return Painted(first, sum(sizes.values()) - charts, sum(sizes.values()), moved)


def flooded(there: Stage, floor: Floor, seconds: float) -> Flooded:
    """Return how a market's page does while it is changed sixty times a second."""
    with _page_of(there, floor) as tab:
        tab.evaluate("Object.assign(seen, { long: [], shift: 0, frames: 0 })")
        assert tab.evaluate(f"flood.start({seconds})") >= 60 * seconds - 1
        seen = tab.evaluate("seen")
        assert seen["frames"], "nothing was painted"
    return Flooded(seen["frames"] / seconds, len(seen["long"]), max(seen["long"], default=0), seen["shift"])


@contextmanager
def _page_of(there: Stage, floor: Floor) -> Iterator[Reader]:
    site = f"http://127.0.0.1:{there.environment['WEB_PORT']}"
    with chromium() as browser, reading(browser, site) as tab:
        tab.page.add_init_script(path=FLOOD)
        tab.go(f"/markets/{floor.market.symbol}")
        tab.wait_for("document.querySelector('[data-charts]').hasAttribute('data-drawn') || performance.now() > 5000")
        yield tab


def _compressed(url: str) -> int:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return len(gzip.compress(answer.read()))
