"""What of a Chinese page is still English: message ids that nobody translated, and words that are no name."""

import json
import re
from functools import cache
from pathlib import Path

from babel.messages import Catalog
from babel.messages.pofile import read_po

from config.messages import BASE_DIR, PO, gather

WORD = re.compile(r"[A-Za-z][A-Za-z'’]{2,}")
# Names that programs give: of records, tokens, hashes, ids.
CODE = re.compile(r"\w*_\w*|\b[0-9a-f-]{12,}\b|\S+\.(?:csv|json|xlsx|pdf)|(?<!\S)/\S+|Asia/Shanghai")
UNITS = {"ha", "t", "mu", "kg", "km"}
PEOPLE = {"director", "registrar", "registrar2", "treasurer", "treasurer2", "coop", "coop-trader", "coop2", "verifier"}
PEOPLE |= {"auditor", "company", "buyer", "buyer-viewer", "buyer2", "buyer3", "trader", "applicant"}
# Names of things that have no other name: formats, units, standards, programs, people's languages.
NAMES = WORD.findall(
    "English CSV JSON XLSX PDF KML KMZ GeoJSON Shapefile zip txt API IPCC CDM AMS CMS UNFCCC ISO NDC SDG GWP SHA RFC JCS URL"
    " http https www Merkle IETF curl wget Python stdlib git CAD Trust Verra Gold Standard OffsetsDB CarbonPlan Berkeley"
    " Tianhui GTC IOC FOK DAY SSE AFOLU CNY"
    # Servers, and queues of workers.
    " Redis PostgreSQL Prometheus CPU AOF WAL SQL celery telling matching audit sending webhooks"
    # Tables of factors, as sheets name them.
    " cfoa density uncertainty exponent"
)


def english_in(texts: list[str]) -> list[str]:
    """Return which texts of a Chinese page are English, with what gives them away."""
    found = []
    for text in texts:
        if text in PEOPLE | UNITS:
            continue
        if text in messages() and text not in new_messages():
            found.append(f"is not translated: {text}")
        elif unknown := [word for word in WORD.findall(CODE.sub("", text)) if not is_known(word.lower())]:
            found.append(f"reads English ({', '.join(unknown[:5])}): {text[:120]}")
    return found


def is_known(word: str) -> bool:
    # What code and templates say beyond the catalogue takes seconds to gather, and is seldom asked.
    return word in known_words() or word in new_words()


@cache
def messages() -> set[str]:
    """Return the English of every message whose Chinese is something else."""
    return {one for message in catalog() if message.id for one, other in pairs(message) if other and one != other}


def pairs(message: object) -> list[tuple[str, str]]:
    ids, strings = message.id, message.string  # type: ignore[attr-defined]
    if isinstance(ids, str):
        return [(" ".join(ids.split()), str(strings))]
    return [(" ".join(one.split()), str(strings[0])) for one in ids]


@cache
def catalog() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file)


@cache
def known_words() -> set[str]:
    """Return the Latin words that a Chinese page may have: those of translations and of the scene's own texts, and names."""
    translated = [str(string) for message in catalog() if message.id for _one, string in pairs(message)]
    return words_of([*translated, *scene_texts()]) | {name.lower() for name in NAMES}


@cache
def new_words() -> set[str]:
    return words_of(list(new_messages()))


@cache
def new_messages() -> set[str]:
    """Return messages that wait to be translated: to ask for these is the business of `config.messages check`."""
    known = {(message.context, one) for message in catalog() if message.id for one, _other in pairs(message)}
    found = {(message.context, one) for message in gather() if message.id for one, _other in pairs(message)}
    return {one for _context, one in found - known}


def words_of(texts: list[str]) -> set[str]:
    return {word.lower() for text in texts for word in WORD.findall(text)}


def scene_texts() -> list[str]:
    """Return what the people of the scene have written themselves."""
    pilot = json.loads((BASE_DIR / "trading" / "demo" / "pilot.json").read_text(encoding="utf-8"))
    own = (Path(__file__).parent / "scene.py", BASE_DIR / "trading" / "demo" / "story.py")
    return [*strings(pilot), *(file.read_text(encoding="utf-8") for file in own)]


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in strings(each)]
    return [str(value)]
