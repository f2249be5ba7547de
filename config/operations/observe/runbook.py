"""The runbook (docs/runbook.md) as the desk shows it: each section has the name by which alerts and the status page link to it."""

from functools import cache

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

FILES = {"en": "runbook.md", "zh-hans": "runbook.zh-hans.md"}


@cache
def runbook_html(language: str) -> SafeString:
    """Return the runbook in a language of the site, read once: it changes with the program alone."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse((settings.BASE_DIR / "docs" / FILES[language]).read_text(encoding="utf-8"))
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            _name(token, tokens[at + 1])
    renderer = parser.renderer
    assert isinstance(renderer, RendererHTML)
    # Our own text, with its HTML escaped by the parser. The page has its title already.
    return mark_safe(renderer.render(tokens[3:], parser.options, {}))


def _name(heading: Token, title: Token) -> None:
    """Give a section its name to link to, and set the name apart from its title: it is the same in each language."""
    name = anchor_of(title.content)
    heading.attrSet("id", name)
    assert title.children is not None
    title.children[0].content = title.children[0].content.removeprefix(name)
    title.children.insert(0, Token("code_inline", "code", 0, content=name, markup="`"))


def anchor_of(title: str) -> str:
    """Return the name of a section: the first word of its title."""
    return title.split(maxsplit=1)[0]
