"""The units of systemd: whole, hardened, and the very programs that there are."""

import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from config.operations.deploy.notify import LOOK_SECONDS
from config.operations.deploy.pulse import EVERY_SECONDS
from config.programs import programs, reliefs
from tests.operations.deploy import deployed
from tests.operations.deploy.deployed import SHARDS, SYSTEMD, UNITS, is_known, read_unit

ONE_SHOTS = {"tianhui-release.service", "tianhui-upgrade.service"}
INSTANCES = [
    name.replace("@.", f"@{shard}.") for name in UNITS for shard in (range(SHARDS) if "@" in name else range(1))
]
# What systemd-analyze makes of a unit, from 0 (nothing within reach) to 10.
EXPOSURE = "15"

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine's root folder with the units, and with what they start."""
    for path in ("etc/systemd/system", "opt/tianhui/venv/bin", "opt/tianhui/app", "usr/lib/systemd/system"):
        (tmp_path / path).mkdir(parents=True)
    shutil.copytree(SYSTEMD, tmp_path / "etc/systemd/system", dirs_exist_ok=True)
    shutil.copy("/bin/true", tmp_path / "opt/tianhui/venv/bin/python")
    (tmp_path / "usr/bin").mkdir()
    shutil.copy("/bin/true", tmp_path / "usr/bin/find")
    return tmp_path


def test_every_program_has_a_unit_and_every_unit_a_program() -> None:
    started = {
        read_unit(name).last("ExecStart").partition(" -m config.programs ")[2]
        for name in INSTANCES
        if name not in ONE_SHOTS
    }
    environment = {"MATCHING_SHARDS": str(SHARDS)}
    assert started == {*programs(environment), *reliefs(environment)}


@pytest.mark.parametrize("name", INSTANCES)
def test_every_unit_is_hardened_and_waits_for_the_release(name: str) -> None:
    unit = read_unit(name)
    assert (unit.last("User"), unit.last("ProtectSystem"), unit.last("NoNewPrivileges")) == ("tianhui", "strict", "yes")
    assert unit.last("PartOf", "Unit") == "tianhui.target"
    # Each is said once: a drop-in would silently take the place of what the unit says.
    for key in ("Type", "Restart", "ExecStart"):
        assert len(unit.all(key)) == 1, key
    if name in ONE_SHOTS:
        assert (unit.last("Type"), unit.last("Restart")) == ("oneshot", "no")
        return
    assert (unit.last("Type"), unit.last("Restart")) == ("notify", "always")
    for key in ("Requires", "After"):
        assert "tianhui-release.service" in unit.all(key, "Unit")
    # A relief is started by hand, for as long as another one is away.
    wanted = unit.all("WantedBy", "Install")
    assert wanted == ([] if "relief" in name else ["tianhui.target"])
    assert unit.last("MemoryMax")


@pytest.mark.parametrize("name", [name for name in INSTANCES if name not in ONE_SHOTS])
def test_a_program_that_hangs_is_started_again(name: str) -> None:
    """It says that it lives every few seconds, and systemd waits for that; web and stream have children that say it."""
    unit = read_unit(name)
    assert int(unit.last("WatchdogSec")) > 4 * max(EVERY_SECONDS, LOOK_SECONDS)
    assert unit.last("NotifyAccess") == ("all" if name in ("tianhui-web.service", "tianhui-stream.service") else "main")
    assert int(unit.last("TimeoutStartSec")) >= 300
    assert "AF_UNIX" in unit.last("RestrictAddressFamilies")


@pytest.mark.parametrize("name", INSTANCES)
def test_all_programs_count_into_one_folder_that_stays_while_any_of_them_runs(name: str) -> None:
    unit = read_unit(name)
    assert unit.environment()["METRICS_DIR"] == f"%t/{unit.last('RuntimeDirectory')}"
    # Else the folder would go with the first of them that ends.
    assert unit.last("RuntimeDirectoryPreserve") == "yes"
    emptied = [line for line in unit.all("ExecStartPre") if "%t/tianhui/metrics" in line]
    assert bool(emptied) == (name == "tianhui-release.service")


def test_a_relief_is_what_it_stands_in_for_but_for_its_name() -> None:
    own, relief = read_unit("tianhui-match@0.service"), read_unit("tianhui-relief@0.service")
    different = {"Description", "ExecStart"}
    for section in ("Unit", "Service"):
        kept = [
            {key: value for key, value in unit.sections[section].items() if key not in different}
            for unit in (own, relief)
        ]
        assert kept[0] == kept[1]
    environment = {"MATCHING_SHARDS": "2"}
    command = programs(environment)["match-1"]
    assert reliefs(environment)["relief-1"] == [*command, "-n", "relief-1@%h"]


@pytest.mark.parametrize("name", INSTANCES)
def test_a_program_is_given_longer_to_end_than_it_takes(name: str) -> None:
    assert int(read_unit(name).last("TimeoutStopSec")) > 2 * settings.CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT


@pytest.mark.parametrize("name", INSTANCES)
def test_every_setting_is_known_and_every_secret_a_file_that_is_made(name: str, tmp_path: Path) -> None:
    subprocess.run([deployed.FOLDER / "make-secrets", tmp_path], check=True)
    unit = read_unit(name)
    for setting, value in unit.environment().items():
        assert is_known(setting) or setting.startswith("PYTHON"), setting
        if value.startswith("%d/"):
            assert value.removeprefix("%d/") in unit.credentials(), setting
    for credential, source in unit.credentials().items():
        assert source == f"/etc/tianhui/secrets/{credential}"
        assert (tmp_path / credential).exists()
    # No secret stands in a unit, which everybody may read.
    assert not {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"} & unit.environment().keys()


def test_only_what_changes_the_schema_knows_its_owner() -> None:
    knowing = {name for name in INSTANCES if "migrations-database-url" in read_unit(name).credentials()}
    assert knowing == ONE_SHOTS


@pytest.mark.parametrize("name", ["tianhui-sending.service", "tianhui-match@0.service", "tianhui-beat.service"])
def test_what_signs_nothing_cannot_read_the_key(name: str) -> None:
    assert "-/var/lib/tianhui/keys" in " ".join(read_unit(name).all("InaccessiblePaths"))


@needs_systemd
def test_systemd_finds_nothing_wrong(root: Path) -> None:
    names = [*INSTANCES, "tianhui.target"]
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"--root={root}", *names],
        capture_output=True,
        text=True,
    )
    # What is not in this root, such as the network's own targets, is not ours.
    said = [line for line in found.stderr.splitlines() if "tianhui" in line]
    assert not said


@needs_systemd
@pytest.mark.parametrize("name", INSTANCES)
def test_systemd_finds_little_within_reach(root: Path, name: str) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--root={root}", f"--threshold={EXPOSURE}", name]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout[-400:]


@pytest.mark.skipif(shutil.which("systemd-tmpfiles") is None, reason="systemd-tmpfiles is not installed")
def test_user_and_folders_come_about(root: Path) -> None:
    (root / "etc/sysusers.d").mkdir()
    shutil.copy(SYSTEMD / "sysusers.conf", root / "etc/sysusers.d/tianhui.conf")
    subprocess.run(["systemd-sysusers", f"--root={root}"], check=True, capture_output=True)
    assert "tianhui:" in (root / "etc/passwd").read_text()
    subprocess.run(
        ["systemd-tmpfiles", "--create", f"--root={root}", str(SYSTEMD / "tmpfiles.conf")], capture_output=True
    )
    assert (root / "etc/tianhui/secrets").stat().st_mode & 0o777 == 0o700
    assert (root / "var/www/acme").is_dir()
