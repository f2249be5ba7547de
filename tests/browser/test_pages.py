"""That a breach of the policy, or a request to elsewhere, would be noticed: what every page's check builds on."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from tests.browser import checks
from tests.browser.chromium import needs_chromium
from tests.browser.readers import PHONE, reading
from tests.browser.wording import english_in

pytestmark = needs_chromium

BAD = b"""<!DOCTYPE html><html lang="en"><title>Bad</title><h1>One</h1><h1>Two</h1>
<p style="color: red">red</p><script>document.title = "inline"</script>
<img alt="" src="http://elsewhere.example/a.png">
<p class="pale">pale</p><div class="wide">wide</div><input name="nameless">
<p id="twice">a</p><p id="twice">b</p><button class="hidden-focus">Press</button>
<link rel="stylesheet" href="/bad.css"><img alt="" src="/heavy.png">"""
STYLE = b""".pale { color: #ccc; background: #fff } .wide { width: 900px } .hidden-focus:focus { outline: none }"""
# Noise cannot be compressed.
PARTS = {"/bad.css": ("text/css", STYLE), "/heavy.png": ("image/png", random.Random(0).randbytes(200_000))}


class _Breach(BaseHTTPRequestHandler):
    """A page that breaks the policy that it comes with, and everything else."""

    def do_GET(self) -> None:
        kind, content = PARTS.get(self.path, ("text/html; charset=utf-8", BAD))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", "default-src 'self'; img-src *")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def breach() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Breach) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_every_check_finds_what_it_looks_for(browser):
    with breach() as site, reading(browser, site, width=PHONE) as reader:
        reader.go("/")
        complaints = "\n".join(reader.take_complaints())
        assert "Content Security Policy" in complaints
        assert "asks elsewhere: http://elsewhere.example/a.png" in complaints
        shape = "\n".join(checks.shape(reader))
        for said in ("has 2 first headings", "the id twice 2 times", "without a label: nameless"):
            assert said in shape
        assert any("wider than 390 px" in line for line in checks.width(reader))
        assert any("does not show where the keys are" in line for line in checks.focus(reader))
        (cost,) = checks.cost(reader)
        assert "/heavy.png" in cost
        access = "\n".join(checks.access(reader))
        assert "color-contrast" in access
        assert "label" in access


def test_english_in_a_chinese_page_is_told_from_names():
    assert english_in(["田汇 API", "12 t CO₂e", "registrar", "project_registered", "rice-water-1"]) == []
    assert english_in(["Log in"]) == ["is not translated: Log in"]
    (found,) = english_in(["请 kindly wait"])
    assert found.startswith("reads English (kindly")
