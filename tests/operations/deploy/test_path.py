"""docs/deployment.md is followed step by step, from an empty folder to a trade and its record in the signed log."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import socket
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from config.operations.deploy.notify import ALIVE, READY
from config.programs import BASE_DIR
from tests.operations.deploy.deployed import DOCUMENT, read_unit, steps
from tests.operations.deploy.machine import APPLICATION, NAME, Machine, Visitor, machine, only_on_a_machine
from tests.waiting import wait_until

FOLLOWED = [
    "names",
    "packages",
    "code",
    "python",
    "user",
    "secrets",
    "settings",
    "database",
    "broker",
    "static",
    "units",
    "certificate",
    "proxy",
    "checks",
    "first",
]
NOT_FOLLOWED = {
    "upgrade": "its lines are those of the steps before, which is compared",
    "containers": "there is no engine; what the image runs is run here, and its files are read in test_containers.py",
}


def test_every_block_is_followed_or_said_not_to_be() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert len(steps()) == len(re.findall(r"^```sh$", text, re.MULTILINE))
    assert list(steps()) == [*FOLLOWED, *NOT_FOLLOWED]


def test_an_upgrade_takes_steps_that_were_taken_before() -> None:
    before = "\n".join(steps()[name] for name in FOLLOWED)
    lines = [line for line in steps()["upgrade"].splitlines() if not only_on_a_machine(line)]
    assert lines
    assert [line for line in lines if line not in before] == []


def test_what_the_document_installs_is_what_the_suite_has() -> None:
    for line in (BASE_DIR / "requirements.txt").read_text().splitlines():
        required = Requirement(line)
        if required.marker is None or required.marker.evaluate():
            assert required.specifier.contains(version(required.name)), line


def test_from_an_empty_machine_to_a_trade(tmp_path: Path) -> None:
    with machine(tmp_path) as host:
        host.lay_out()
        for step in FOLLOWED[: FOLLOWED.index("broker") + 1]:
            host.follow(steps()[step])
            if step == "secrets":
                host.correct_addresses()
        host.start_broker()
        for step in FOLLOWED[FOLLOWED.index("static") :]:
            host.follow(steps()[step])
        # The first command of the step "checks" is the last of the release, but that there a warning ends nothing.
        assert "System check identified no issues" in host.run("tianhui-release.service")
        for unit in units_enabled():
            host.start(unit)
        visitor = Visitor(host.web_port)
        wait_until(lambda: answers(visitor), seconds=120)
        pages(host)
        first_person(host, visitor)
        trade(host)
        probes(host)
        lives(host)
        is_all_well(host)
        assert {name: process.poll() for name, process in host.running.items()} == dict.fromkeys(host.running)
        statuses = host.stop(*units_enabled())
        assert statuses == dict.fromkeys(statuses, 0), {name: host.said(name)[-500:] for name in statuses}


def units_enabled() -> list[str]:
    """Return the programs that the document enables; the release comes before them."""
    lines = re.findall(r"^systemctl enable (.+)$", steps()["units"], re.MULTILINE)
    names = [name for line in lines for name in line.split()]
    return [name for name in names if name not in ("tianhui.target", "tianhui-release.service")]


def answers(visitor: Visitor) -> bool:
    try:
        return visitor.get("/").status == 200
    except (OSError, http.client.HTTPException):
        return False


def pages(host: Machine) -> None:
    """Pages answer as a site behind TLS should."""
    visitor = Visitor(host.web_port)
    assert visitor.get("/", **{"X-Forwarded-Proto": "http"}).location == f"https://{NAME}/"
    page = visitor.get("/login")
    assert page.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert "secure" in page.headers["set-cookie"].lower()
    style = re.search(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page.text)
    assert style is not None, "styles have no hashed names"
    assert visitor.get(style[1]).headers["cache-control"].startswith("max-age=31")
    assert visitor.get("/projects").status == 200


def first_person(host: Machine, visitor: Visitor) -> None:
    """The code that the command prints leads to an account, and nothing is done before its second factor is there."""
    line = steps()["first"].strip().split()[1:]
    printed = host.manage(*(word.strip("'") for word in line[:2]))
    address = re.search(r"^address +https://registry\.example\.cn(\S+)$", printed, re.MULTILINE)
    assert address is not None, printed
    given = {"display_name": "陈", "username": "chen", "password": "rice-and-water-2026"}
    assert visitor.post(address[1], **given).location == "/work"
    assert visitor.get("/work").location.startswith("/security/setup")
    secret = re.search(r'class="secret-key code"[^>]*>([^<]+)<', visitor.get("/security/app").text)
    assert secret is not None
    assert visitor.post("/security/app", code=code_now(secret[1].replace(" ", ""))).status == 200
    assert visitor.get("/work").status == 200
    assert visitor.get("/admin/").status == 200


def code_now(secret: str) -> str:
    """Return what an app shows: RFC 6238."""
    step = (int(time.time()) // 30).to_bytes(8, "big")
    digest = hmac.new(base64.b32decode(secret), step, hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFF_FFFF) % 1_000_000:06}"


def trade(host: Machine) -> None:
    """Two orders meet: matched by a shard, settled, recorded, and signed into the log."""
    scene = json.loads(run_scene(host))
    visitor = Visitor(host.web_port)
    before = size_of_log(visitor)
    orders = {side: order(visitor, token, scene["market"], side) for side, token in scene["tokens"].items()}
    for side, entered in orders.items():
        wait_until(
            lambda side=side, entered=entered: state(visitor, scene["tokens"][side], entered) == "filled", seconds=60
        )
    wait_until(lambda: size_of_log(visitor) > before, seconds=60)
    assert visitor.get("/log/checkpoint").text.startswith(f"{NAME}/log\n")
    assert host.path("/var/lib/tianhui/keys/log-signing-key").stat().st_mode & 0o777 == 0o600
    assert first_event(host, scene["market"]).startswith("HTTP/1.1 200")


def probes(host: Machine) -> None:
    """The health checks of the containers find every program well."""
    for unit in units_enabled():
        program = unit.removeprefix("tianhui-").removesuffix(".service")
        is_web = program in ("web", "stream")
        environment = host.environment_of(read_unit(unit, host.path("/etc/systemd/system")))
        words = [program] if is_web else ["pulse", "600"]
        command = [host.path("/opt/tianhui/venv/bin/python"), "-S", "config/operations/deploy/probe.py", *words]
        subprocess.run(command, cwd=host.path("/opt/tianhui/app"), env=environment, check=True)


def lives(host: Machine) -> None:
    """Every program tells systemd that it is ready, and goes on telling it that it lives."""
    for unit in units_enabled():
        for word in (READY, ALIVE):
            host.notified[unit].wait_for(word, seconds=120)


def is_all_well(host: Machine) -> None:
    """What the document says to ask is asked once something has happened, too: rights, books, the log from its records."""
    asked = [line.split()[1:] for line in steps()["checks"].strip().splitlines()]
    assert [words[0] for words in asked] == ["check", "database_roles", "reconcile", "verify_log"]
    said = {}
    for command, *words in asked[1:]:
        # The suite's role has another name.
        named = ["--name", APPLICATION] if command == "database_roles" else []
        said[command] = host.manage(command, *words, *named)
    assert f"{APPLICATION} has what the application needs, and no more." in said["database_roles"]
    assert "holds " in said["reconcile"]
    assert "BROKEN" not in said["reconcile"]
    assert re.search(r"^holds +every leaf", said["verify_log"], re.MULTILINE)
    size = re.search(r"^size +(\d+)$", said["verify_log"], re.MULTILINE)
    assert size is not None
    assert int(size[1]) > 0


def run_scene(host: Machine) -> str:
    environment = host.environment_of(read_unit("tianhui-manage.service", host.path("/etc/systemd/system")))
    code = "import django; django.setup(); from tests.operations.deploy.scene import main; main()"
    command = [host.path("/opt/tianhui/venv/bin/python"), "-W", "ignore", "-c", code]
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    found = subprocess.run(command, cwd=host.path("/opt/tianhui/app"), env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()[-1]


def api(visitor: Visitor, token: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = visitor._ask(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
    assert answer.status in (200, 201), answer.text
    found: dict[str, Any] = json.loads(answer.text)
    return found


def order(visitor: Visitor, token: str, market: str, side: str) -> int:
    body = {"market": market, "client_order_id": "a-1", "side": side, "price_fen": 4_000, "quantity_t": 100}
    return int(api(visitor, token, "POST", "/orders", body)["id"])


def state(visitor: Visitor, token: str, order_id: int) -> str:
    return str(api(visitor, token, "GET", f"/orders/{order_id}")["status"])


def size_of_log(visitor: Visitor) -> int:
    checkpoint = visitor.get("/log/checkpoint")
    return int(checkpoint.text.splitlines()[1]) if checkpoint.status == 200 else 0


def first_event(host: Machine, market: str) -> str:
    """Return how the live stream of a market begins."""
    with socket.create_connection(("127.0.0.1", host.stream_port), timeout=60) as stream:
        stream.sendall(f"GET /stream/markets/{market} HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
        return stream.recv(4096).decode()
