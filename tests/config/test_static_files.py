"""The pages' files as they are served in production: hashed, compressed, and finding each other."""

import re
import subprocess
import sys

import pytest

from config.run import BASE_DIR
from tests.running import test_environment as environment_of_tests


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """Return the folder in which all files were collected."""
    folder = tmp_path_factory.mktemp("static")
    command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    environment = environment_of_tests() | {"STATIC_ROOT": str(folder)}
    done = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_module_and_style_is_there_under_its_hash_and_compressed(collected):
    for name in ("trading/market", "trading/sheet", "js/map/pages"):
        (hashed,) = collected.glob(f"{name}.????????????.js")
        assert hashed.with_name(hashed.name + ".gz").stat().st_size < hashed.stat().st_size


def test_what_a_module_imports_is_named_by_its_hash(collected):
    for hashed in collected.glob("trading/*.????????????.js"):
        for imported in re.findall(r'from "(\.[^"]+)"', hashed.read_text()):
            assert re.search(r"\.[0-9a-f]{12}\.js$", imported), (hashed.name, imported)
            assert (hashed.parent / imported).exists()


def test_what_is_vendored_has_its_licence():
    vendor = BASE_DIR / "config" / "static" / "vendor"
    for folder in vendor.iterdir():
        assert (folder / "LICENSE").exists(), folder.name
