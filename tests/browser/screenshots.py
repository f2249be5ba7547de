"""Pictures of the pages, taken from a demo of their own so that they stay true: `make screenshots`.

Chosen pages go to docs/images, as WebP or PNG, whichever is smaller; README and help show them. `--all` also takes every page of
the list for each of its readers, at both widths, in both languages, in light and dark, to var/screenshots, where index.html shows
all of them side by side. `--only NAME …` takes but the pages whose names are given.
"""

import argparse
import html
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product as every
from pathlib import Path
from time import sleep

from PIL import Image
from playwright.sync_api import Browser

from config.processes import run_to_end
from config.run import BASE_DIR, product
from tests.browser.chromium import BINARY, chromium
from tests.browser.pages import AUDITOR, BUYER, COOPERATIVE, DESK, VERIFIER, VISITOR, Page, visits
from tests.browser.readers import DESKTOP, PHONE, Reader, reading

LANGUAGES = ("zh-hans", "en")
THEMES = ("light", "dark")
DOCS = BASE_DIR / "docs" / "images"
SHEET = BASE_DIR / "var" / "screenshots"
QUALITY = 82
# What scripts draw after the page is there: charts, maps, verdicts.
DRAWN_SECONDS = 0.6
IN_DOCS = {
    "home": ("home", VISITOR, DESKTOP),
    "home-cooperative": ("home", COOPERATIVE, PHONE),
    "market": ("market", BUYER, DESKTOP),
    "market-phone": ("market", BUYER, PHONE),
    "project": ("project", VISITOR, DESKTOP),
    "diary": ("diary", COOPERATIVE, PHONE),
    "report": ("report", VERIFIER, DESKTOP),
    "work-verifier": ("work", VERIFIER, DESKTOP),
    "holdings": ("holdings", BUYER, PHONE),
    "certificate": ("certificate", VISITOR, DESKTOP),
    "sharing": ("sharing", COOPERATIVE, PHONE),
    "desk": ("admin:index", AUDITOR, DESKTOP),
}
"""What README and help show: file name, page, reader and width; each in both languages."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture of the contact sheet."""

    page: Page
    reader: str
    width: int
    language: str
    theme: str

    @property
    def name(self) -> str:
        """Return the name of its file."""
        place = self.page.address.strip("/").translate(str.maketrans("/?=", "---", "{}")) or "home"
        who = self.reader or "visitor"
        return f"{place}.{who}.{self.language}.{self.width}.{self.theme}.webp"


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that runs, to be looked at."""

    site: str
    names: dict[str, str]
    sessions: dict[str, str]


def main(words: Sequence[str]) -> int:
    """Take the pictures that the command line asks for, and return the exit status."""
    options = _parse(words)
    if BINARY is None:
        print("Chromium is not here (Debian: apt install chromium).", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, _demo(Path(folder)) as demo, chromium() as browser:
        if not options.only:
            take_for_docs(browser, demo)
        if options.all or options.only:
            take_all(browser, demo, only=options.only)
    return 0


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.browser screenshots", description=__doc__)
    parser.add_argument("--all", action="store_true", help="every page, in every way, to var/screenshots")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these pages alone, to var/screenshots")
    return parser.parse_args(words)


@contextmanager
def _demo(folder: Path) -> Iterator[Demo]:
    """Run a furnished demo in a folder of its own."""
    with product(folder / "var", steps=[["seed_demo"]]) as (_processes, environment):
        facts = folder / "scene.json"
        command = [sys.executable, "-W", "ignore", "-m", "tests.browser", "furnish", str(facts)]
        given = {**os.environ, **environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
        assert run_to_end(command, folder=BASE_DIR, environment=given) == 0
        found = json.loads(facts.read_text(encoding="utf-8"))
        yield Demo(f"http://127.0.0.1:{environment['WEB_PORT']}", found["names"], found["sessions"])


def take_for_docs(browser: Browser, demo: Demo) -> None:
    """Write the pictures of README and help."""
    DOCS.mkdir(parents=True, exist_ok=True)
    known = {(page.name, reader): page for page, reader in everything()}
    for language in LANGUAGES:
        for name, (page_name, who, width) in IN_DOCS.items():
            scale = 2 if width == PHONE else 1
            with reading(browser, demo.site, language=language, width=width, device_scale_factor=scale) as reader:
                _open(reader, demo, known[page_name, who], who)
                written = _smallest(reader.page.screenshot())
            for old in DOCS.glob(f"{name}.{language}.*"):
                old.unlink()
            suffix, content = written
            (DOCS / f"{name}.{language}.{suffix}").write_bytes(content)


def take_all(browser: Browser, demo: Demo, *, only: Sequence[str] = ()) -> None:
    """Write every page in every way, and the sheet that shows them."""
    SHEET.mkdir(parents=True, exist_ok=True)
    chosen = [(page, who) for page, who in everything() if not only or page.name in only]
    taken = []
    for language, width in every(LANGUAGES, (PHONE, DESKTOP)):
        with reading(browser, demo.site, language=language, width=width) as reader:
            for page, who in chosen:
                _open(reader, demo, page, who)
                for theme in THEMES:
                    reader.see(theme)
                    one = Taken(page, who, width, language, theme)
                    (SHEET / one.name).write_bytes(_as_webp(reader.page.screenshot(full_page=True)))
                    taken.append(one)
    (SHEET / "index.html").write_text(contact_sheet(taken), encoding="utf-8")
    print(f"{len(taken)} pictures: {SHEET / 'index.html'}")


def everything() -> Iterator[tuple[Page, str]]:
    """Yield each page of the list and of the desk with each of its readers."""
    yield from visits()
    for page in DESK:
        for reader in page.readers:
            yield page, reader


def _open(reader: Reader, demo: Demo, page: Page, who: str) -> None:
    reader.take_session(demo.sessions[who] if who else "")
    status = reader.go(page.at(demo.names))
    if status != 200:
        print(f"{page.address} says {status} to {who or 'a visitor'}", file=sys.stderr)
    sleep(DRAWN_SECONDS)


def _smallest(picture: bytes) -> tuple[str, bytes]:
    webp = _as_webp(picture)
    return ("webp", webp) if len(webp) < len(picture) else ("png", picture)


def _as_webp(picture: bytes) -> bytes:
    written = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    # The format ends at 16,383 pixels.
    image.crop((0, 0, image.width, min(image.height, 16_000))).save(written, "WEBP", quality=QUALITY, method=4)
    return written.getvalue()


def contact_sheet(taken: Sequence[Taken]) -> str:
    """Return a page that shows pictures side by side: a row for each page and reader."""
    rows: dict[tuple[str, str, str], list[Taken]] = {}
    for one in taken:
        rows.setdefault((one.page.about, one.page.address, one.reader or "visitor"), []).append(one)
    parts = []
    for (about, address, who), pictures in rows.items():
        shown = "".join(
            f'<figure><a href="{html.escape(one.name)}"><img loading="lazy" src="{html.escape(one.name)}" alt=""></a>'
            f"<figcaption>{one.width} {one.language} {one.theme}</figcaption></figure>"
            for one in pictures
        )
        parts.append(f"<h2>{html.escape(about)} <small>{html.escape(address)} · {who}</small></h2><div>{shown}</div>")
    style = (
        "body{font:14px system-ui;margin:1rem}div{display:flex;gap:8px;overflow-x:auto;align-items:flex-start}"
        "figure{margin:0;flex:none}img{height:420px;width:auto;max-width:420px;object-fit:cover;object-position:top;"
        "border:1px solid #999}figcaption{font-size:12px}small{font-weight:400;color:#666}"
    )
    return (
        f"<!DOCTYPE html><meta charset=utf-8><title>Tianhui, page by page</title><style>{style}</style>{''.join(parts)}"
    )
