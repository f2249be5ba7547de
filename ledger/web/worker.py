"""The worker of the diary's page, put together: which files it keeps, and as its version the hash of all of them."""

import functools
import hashlib
import json
from pathlib import Path

from django.contrib.staticfiles import finders
from django.templatetags.static import static

SCRIPT = "js/diary/worker.js"
# What the page is made of, beside itself.
KEPT = (
    "css/tokens.css",
    "css/base.css",
    "css/components.css",
    "css/registry.css",
    "css/diary.css",
    "js/diary/page.js",
    "js/diary/drafts.js",
    "js/diary/sending.js",
    "js/diary/photos.js",
    "js/diary/leave.js",
    "vendor/lucide/icons-1.62.0.svg",
    "mark.svg",
)


@functools.cache
def worker_source() -> str:
    """Return the script of the worker."""
    script = _content(SCRIPT)
    version = hashlib.sha256(script)
    for name in KEPT:
        version.update(_content(name))
    constants = {"VERSION": version.hexdigest()[:16], "KEPT": [static(name) for name in KEPT]}
    lines = [f"const {name} = {json.dumps(value)};" for name, value in constants.items()]
    return "\n".join([*lines, script.decode()])


def _content(name: str) -> bytes:
    path = finders.find(name)
    assert isinstance(path, str), f"there is no {name}"
    return Path(path).read_bytes()
