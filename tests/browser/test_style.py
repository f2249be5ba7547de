"""The design keeps its own rules: tokens alike in both dark blocks, no colour beside them, no class that nobody uses."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Response

from config.messages import BASE_DIR
from tests.browser.chromium import needs_chromium
from tests.browser.grounds import Scene
from tests.browser.pages import BUYER, Page, visits
from tests.browser.readers import reading

CSS = BASE_DIR / "config" / "static" / "css"
OURS = [*CSS.glob("*.css"), *(BASE_DIR / "trading" / "static").rglob("*.css")]
SOURCES = [
    *(
        file
        for folder in ("config", "ledger", "trading")
        for kind in ("html", "py", "js", "svg")
        for file in (BASE_DIR / folder).rglob(f"*.{kind}")
    )
]
# What a page may cost before charts and maps, which have their own libraries.
MOST_BYTES = 150_000
CHARTS = ("/vendor/leaflet/", "/vendor/uplot/", "/vendor/lightweight-charts/")


def dark_blocks() -> Iterator[dict[str, str]]:
    """Yield the tokens of each dark block: by the system's wish, and by the reader's."""
    text = (CSS / "tokens.css").read_text(encoding="utf-8")
    for start in (r':root:not\(\[data-theme="light"\]\)', r':root\[data-theme="dark"\]'):
        for language in ("", r":lang\(en\)"):
            (block,) = re.findall(rf"  {start}{language} {{(.*?)\n  }}", text, re.DOTALL)
            yield dict(re.findall(r"(--[\w-]+): ([^;]+);", block))


def test_dark_by_wish_is_as_dark_by_choice():
    by_wish, by_wish_english, by_choice, by_choice_english = dark_blocks()
    assert len(by_wish) > 20
    assert (by_wish, by_wish_english) == (by_choice, by_choice_english)


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
def test_every_token_that_is_used_is_one(file: Path):
    known = {name for each in OURS for name in re.findall(r"(--[\w-]+):", each.read_text(encoding="utf-8"))}
    assert set(re.findall(r"var\((--[\w-]+)", file.read_text(encoding="utf-8"))) - known == set()


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
def test_no_colour_stands_beside_the_tokens(file: Path):
    # Certificates and the village's notice are paper, by day and night.
    if file.name in ("tokens.css", "certificate.css", "sharing.css"):
        return
    text = re.sub(r"/\*.*?\*/|@media print \{.*?\n\}", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r":[^;{]*(#[0-9a-fA-F]{3,8}\b)", text) == []


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
def test_no_class_is_styled_that_no_page_has(file: Path):
    said = "\n".join(source.read_text(encoding="utf-8") for source in SOURCES if "/vendor/" not in str(source))
    text = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    styled = {name for name in re.findall(r"\.([a-zA-Z][\w-]*)", text) if not name.startswith("leaflet")}
    # A name may be put together: badge--{{ state }}.
    unused = {
        name for name in styled if name not in said and not re.search(rf"{re.escape(stem(name))}[{{}}'\"$]", said)
    }
    assert unused == set()


def stem(name: str) -> str:
    head, separator, _tail = name.rpartition("--")
    return head + separator if separator else name


@needs_chromium
@pytest.mark.django_db
def test_no_page_costs_more_than_a_village_has(scene: Scene, browser: Browser):
    too_much = {}
    with reading(browser, scene.site, language="zh-hans") as reader:
        for page, who in one_each():
            weights: dict[str, int] = {}

            def weigh(answer: Response, weights: dict[str, int] = weights) -> None:
                if answer.status == 200 and answer.request.resource_type in ("script", "stylesheet", "image", "font"):
                    weights[answer.url] = len(gzip.compress(answer.body()))

            reader.context.clear_cookies()
            reader.take_session(scene.sessions[who] if who else "")
            reader.page.on("response", weigh)
            reader.go(page.at(scene.names))
            reader.page.wait_for_load_state("networkidle") if page.name != "market" else None
            reader.page.remove_listener("response", weigh)
            sum_bytes = sum(size for url, size in weights.items() if not any(part in url for part in CHARTS))
            if sum_bytes >= MOST_BYTES:
                too_much[page.address] = (sum_bytes, sorted(weights.items(), key=lambda pair: -pair[1])[:3])
    assert too_much == {}


def one_each() -> list[tuple[Page, str]]:
    """Return a page of each kind, with the reader that has most on it."""
    found: dict[str, tuple[Page, str]] = {}
    for page, who in visits():
        if page.name not in found or who == BUYER:
            found[page.name] = (page, who)
    return list(found.values())
