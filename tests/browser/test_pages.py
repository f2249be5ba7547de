"""Public pages in a real browser, from the product's own web server, under its own policy of what pages may load."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import ProxyHandler, build_opener

import pytest

from ledger.credits.services import retire_credits
from ledger.transparency.sequencer import sequence_log
from tests.browser.chromium import BINARY, load
from tests.factories import ParcelFactory
from tests.running import running, wait_until
from tests.scenes import issue_to_cooperative, market_for

pytestmark = pytest.mark.skipif(BINARY is None, reason="Chromium is not here (Debian: apt install chromium)")


class _Breach(BaseHTTPRequestHandler):
    """A page that breaks the policy that it comes with."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Security-Policy", "default-src 'self'")
        self.end_headers()
        self.wfile.write(b"<p style='color: red'>red</p><script>document.title = 'inline'</script>")

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def test_a_breach_of_the_policy_would_be_noticed(tmp_path):
    with HTTPServer(("127.0.0.1", 0), _Breach) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        loaded = load(f"http://127.0.0.1:{server.server_port}/", profile=tmp_path)
        server.shutdown()
    assert any("Content Security Policy" in complaint for complaint in loaded.complaints)


@pytest.mark.django_db(transaction=True)
def test_public_pages_load_without_a_complaint(who, tmp_path):
    batch = issue_to_cooperative(who, 100)
    ParcelFactory(project=batch.project, code="A01")
    market_for(who, batch)
    retirement = retire_credits(
        actor=who.cooperative, batch_id=batch.pk, quantity_t=7, beneficiary_name="榕江公司", purpose="event"
    )
    sequence_log()
    code = batch.project.code
    shown = {
        "/projects": batch.project.name_en,
        f"/projects/{code}": "true to scale",
        f"/projects/{code}/reports/{batch.report_id}": "Who stands for it",
        f"/credits/{batch.asset.code}": "Serial numbers",
        f"/retirements/{retirement.public_id}": "榕江公司",
        "/proof": "The newest signed state",
        "/login": "User",
    }
    with running("web") as (_processes, environment):
        root = f"http://127.0.0.1:{environment['WEB_PORT']}"
        wait_until(lambda: _answers(root))
        for at, (path, text) in enumerate(shown.items()):
            loaded = load(root + path, profile=tmp_path / str(at), width=390 if at % 2 else 1440)
            assert text in loaded.dom, path
            assert loaded.complaints == [], path


def _answers(root: str) -> bool:
    try:
        # Straight to this machine, whatever proxy the environment names.
        with build_opener(ProxyHandler({})).open(f"{root}/proof", timeout=5):
            return True
    except OSError:
        return False
