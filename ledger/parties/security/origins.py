"""From where a request comes: the caller's address, and the browser in a few words."""

import re

from django.http import HttpRequest

from ledger.parties.addresses import address_of
from ledger.parties.security.services import Origin

# The first that is named is the one: Edge calls itself Chrome too, and Chrome calls itself Safari.
_BROWSERS = (
    ("WeChat", r"MicroMessenger/"),
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("QQ", r"M?QQBrowser/"),
    ("UC", r"UCBrowser/"),
    ("Huawei Browser", r"HuaweiBrowser/"),
    ("Firefox", r"(?:Firefox|FxiOS)/"),
    ("Chrome", r"(?:Headless)?(?:Chrome|CriOS)/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS = (
    ("HarmonyOS", r"HarmonyOS|OpenHarmony"),
    ("Android", r"Android"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Windows", r"Windows"),
    ("macOS", r"Macintosh|Mac OS X"),
    ("Linux", r"Linux|X11"),
)


def origin_of(request: HttpRequest) -> Origin:
    """Return from where a request comes."""
    return Origin(address_of(request), browser_of(request.headers.get("User-Agent", "")))


def browser_of(user_agent: str) -> str:
    """Return which browser on which system a header means; its first word for what is no browser."""
    names = [_first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)]
    known = " · ".join(name for name in names if name)
    return known or re.sub(r"[^\w./-]", "", user_agent[:80].split(" ")[0])[:40]


def _first(kinds: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for name, pattern in kinds if re.search(pattern, user_agent[:400])), "")
