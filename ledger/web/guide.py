"""The guides: what each kind of person does here and how, written in docs/guide in both languages, with pictures.

They are Markdown, so that they read as well in the repository. The pictures are taken by `make screenshots`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from PIL import Image

from ledger.parties.models import Organisation
from ledger.web.doors import reader_of

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

FOLDER = settings.BASE_DIR / "docs" / "guide"
PICTURES = re.compile(r"^\.\./images/(?P<name>[a-z0-9.-]+)$")


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide, for whom it is, and what is in it."""

    name: str
    symbol: str
    title: "_StrPromise"
    about: "_StrPromise"
    kind: str = ""


GUIDES = (
    Guide(
        "visitor",
        "search",
        _("Look things up and check them"),
        _("What is registered here, whose a tonne is, and whether a certificate is true."),
    ),
    Guide(
        "cooperative",
        "sprout",
        _("For cooperatives"),
        _("From the fields to the money: register, write the diary, report, sell, share."),
        Organisation.Kind.COOPERATIVE,
    ),
    Guide(
        "buyer",
        "wallet",
        _("For buyers"),
        _("Pay in, buy, hold, retire for somebody, and show the certificate."),
        Organisation.Kind.BUYER,
    ),
    Guide(
        "verifier",
        "list-checks",
        _("For verifiers"),
        _("Take on projects and reports, raise findings, and sign what is so."),
        Organisation.Kind.VERIFIER,
    ),
    Guide(
        "operator",
        "landmark",
        _("For the operator"),
        _("The desk: approve, confirm what a colleague has entered, run the markets, reconcile."),
        Organisation.Kind.OPERATOR,
    ),
    Guide(
        "auditor",
        "shield-check",
        _("For auditors"),
        _("Read everything, prove the log, reconcile and replay, without trusting us."),
        Organisation.Kind.AUDITOR,
    ),
    Guide(
        "programmer", "key-round", _("For programmers"), _("Tokens, orders, streams and webhooks: the API in an hour.")
    ),
)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a guide, and where it is on the page."""

    place: str
    title: str


@dataclass(frozen=True, slots=True)
class Text:
    """A guide as it is shown."""

    title: str
    html: SafeString
    sections: Sequence[Section]


@require_safe
def guide_list(request: HttpRequest) -> HttpResponse:
    """List the guides; the reader's own comes first."""
    reader = reader_of(request)
    kind = reader.organisation.kind if reader else None
    guides = sorted(GUIDES, key=lambda guide: guide.kind != kind) if kind else GUIDES
    return render(request, "ledger/guide/list.html", {"guides": guides, "kind": kind})


@require_safe
def guide_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show a guide in the reader's language."""
    guide = next((each for each in GUIDES if each.name == name), None)
    if guide is None:
        raise Http404
    language = get_language() or settings.LANGUAGE_CODE
    context = {"guide": guide, "text": text_of(name, language), "guides": GUIDES}
    return render(request, "ledger/guide/page.html", context)


@lru_cache
def text_of(name: str, language: str) -> Text:
    """Return a guide in a language: read once, since it changes with the program alone."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse((FOLDER / f"{name}.{language}.md").read_text(encoding="utf-8"))
    title, tokens = tokens[1].content, tokens[3:]
    sections = list(_number(tokens))
    _set_pictures(tokens)
    renderer = parser.renderer
    assert isinstance(renderer, RendererHTML)
    # Our own text, with its HTML escaped by the parser.
    return Text(title, mark_safe(renderer.render(tokens, parser.options, {})), sections)


def _number(tokens: Sequence[Token]) -> Any:
    """Give each section a place that can be linked to, and yield it."""
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            place = f"s{at}"
            token.attrSet("id", place)
            yield Section(place, tokens[at + 1].content)


def _set_pictures(tokens: Sequence[Token]) -> None:
    """Let pictures come from where they are served, with their size, so that nothing moves when they are there."""
    for token in tokens:
        for part in token.children or ():
            if part.type == "image" and (found := PICTURES.match(str(part.attrGet("src")))):
                part.attrs.update(src=static(f"guide/{found['name']}"), **_size(found["name"]), loading="lazy")


def _size(name: str) -> dict[str, int]:
    """Return the size of a picture; nothing of one that was not taken: a guide is read without it, too."""
    try:
        with Image.open(settings.BASE_DIR / "docs" / "images" / name) as picture:
            return {"width": picture.width, "height": picture.height}
    except FileNotFoundError:
        return {}
