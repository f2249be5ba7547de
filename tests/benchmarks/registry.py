"""How soon the public registry answers when it is large, how soon a new project's fields are compared with all others, and how
fast another registry's credits come in.
"""

import datetime as dt
import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import quote

from ledger.models import Project, ReferenceImport
from ledger.projects.land.overlaps import overlaps
from ledger.registry.imports.services import run_import, take_in
from ledger.registry.large import Size, seed_large
from tests.benchmarks.load import request, seconds_of_each
from tests.benchmarks.stage import Stage

REGISTRY = "large_registry"
SEED = 17
WORDS = (
    "水稻",
    "南靖",
    "节水灌溉",
    "秸秆还田",
    "丰收",
    "稻鱼共生 减排",
    "绿源第7",
    "Farmland carbon",
    "项目12",
    "免耕固碳",
)
FILTERS = (
    "province=35",
    "province=44&methodology=rice-water-1",
    "county=350627",
    "vintage=2020",
    "methodology=soc-tier1-1",
)
PAGES = 40
"""So many different searches, and so many projects."""
FIELDS = 50
REFERENCE_PROJECTS = 5_000
IMPORT_DAY = dt.date(2024, 6, 30)


@dataclass(frozen=True, slots=True)
class PageTimes:
    """Medians in milliseconds: asked for the first time, again within half a minute, and of a view that does nothing."""

    first_ms: float
    again_ms: float
    empty_ms: float


def fill(here: Stage, size: Size) -> float:
    """Make a database with a large registry, and return how many seconds filling it took."""
    here.copy_database(REGISTRY)
    with here.on(REGISTRY):
        started = perf_counter()
        seed_large(size)
        return perf_counter() - started


def searches() -> list[str]:
    """Return addresses of public searches: words, filters, and pages far into the list."""
    dice = random.Random(SEED)
    found = [f"/projects?q={quote(word)}" for word in WORDS] + [f"/projects?{each}" for each in FILTERS]
    while len(found) < PAGES:
        found.append(f"/projects?after={dice.randrange(2_000, 9_000)}~{10**9}")
    dice.shuffle(found)
    return found


def project_pages() -> list[str]:
    """Return addresses of registered projects, those with a long calculation as often as they are."""
    dice = random.Random(SEED)
    numbers = list(
        Project.objects.filter(status=Project.Status.REGISTERED).order_by("id").values_list("province_code", "number")
    )
    return [f"/projects/TH-{province}-{number:06d}" for province, number in dice.sample(numbers, PAGES)]


def page_times(there: Stage, addresses: list[str], times: int) -> PageTimes:
    """Return how long pages take, each asked for so many times, in turn with an empty view, over one connection."""
    port = int(there.environment["WEB_PORT"])
    # What a program does once is done before; these pages are none of those that are measured.
    seconds_of_each(port, [request(path) for path in ("/projects?q=warm", "/empty", "/projects", "/empty")] * 5)
    requests = [each for _time in range(times) for path in addresses for each in (request(path), request("/empty"))]
    seconds = seconds_of_each(port, requests)
    pages, empty = seconds[::2], seconds[1::2]
    first, again = pages[: len(addresses)], pages[len(addresses) :]
    return PageTimes(*(statistics.median(each) * 1000 for each in (first, again, empty)))


def overlap_check_ms(runs: int) -> float:
    """Return the median time in which a new project's fields are compared with all that lie near them."""
    project = Project.objects.filter(status=Project.Status.REGISTERED).first()
    assert project is not None
    times = []
    for run in range(runs):
        shapes = [_gap(run * FIELDS + place) for place in range(FIELDS)]
        started = perf_counter()
        assert not overlaps(shapes, project)
        times.append(perf_counter() - started)
    return statistics.median(times) * 1000


def _gap(place: int) -> dict[str, object]:
    """Return a field that winds between those of seed_large: its box touches theirs, and it shares no land with them."""
    west, south = 100.05 + (place % 480) * 0.05 - 0.0005, 22 + place // 480 * 0.05
    ring = [
        *([west, south - 0.0005], [west + 0.004, south - 0.0005], [west + 0.004, south - 0.0002]),
        *(
            [west + 0.0003, south - 0.0002],
            [west + 0.0003, south + 0.004],
            [west, south + 0.004],
            [west, south - 0.0005],
        ),
    ]
    return {"type": "Polygon", "coordinates": [ring]}


def imported_rows_per_second(rows: int) -> float:
    """Return how many transactions of credits a second are read, checked and kept, from the file to the commit."""
    _import(_projects())
    started = perf_counter()
    source = _import(_credits(rows))
    seconds = perf_counter() - started
    source.refresh_from_db()
    assert (source.state, source.rows_new) == ("done", rows), (source.state, source.failure, source.rows_new)
    return rows / seconds


def _import(chunks: Iterator[bytes]) -> ReferenceImport:
    source = take_in(chunks=chunks, file_name="bench.csv")
    assert run_import(import_id=source.pk)
    return source


def _projects() -> Iterator[bytes]:
    yield b"project_id,name,registry,proponent,protocol,category,country,status,listed_at,issued,retired,is_compliance,project_url\n"
    for number in range(REFERENCE_PROJECTS):
        yield (
            f"REF{number},Project {number},elsewhere,Company {number % 500},vm0042,agriculture,India,registered,"
            f"2020-01-01,1000,10,False,https://example.org/{number}\n"
        ).encode()


def _credits(rows: int) -> Iterator[bytes]:
    dice = random.Random(SEED)
    kinds = ("issuance", "retirement", "cancellation")
    yield b"project_id,quantity,vintage,transaction_date,transaction_type\n"
    for _number in range(rows):
        day = IMPORT_DAY - dt.timedelta(days=dice.randrange(3_000))
        yield (
            f"REF{dice.randrange(REFERENCE_PROJECTS)},{dice.randrange(1, 5_000)},{dice.randrange(2005, 2020)},"
            f"{day},{dice.choice(kinds)}\n"
        ).encode()
