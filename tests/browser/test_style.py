"""The design keeps its own rules: tokens alike in both dark blocks, no colour beside them, no class that nobody uses."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.messages import BASE_DIR

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
