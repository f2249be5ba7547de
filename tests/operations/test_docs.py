"""What the pages of docs/ and the READMEs name is there: files, tests, commands with their options, settings, other pages."""

import ast
import re
import shlex
import subprocess
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import Resolver404, resolve

ROOT = Path(__file__).resolve().parents[2]
# These say what was, too: what they name may have gone since.
HISTORY = ("docs/decisions.md", "CHANGELOG.md")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

PATH = re.compile(r"(?<![\w/.<>-])(?:config|ledger|trading|tests|docs|\.ci)/[\w./*{},-]*[\w*}/](?:::\w+)?")
SETTING = re.compile(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b(?!_)")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
# What stands between backticks, or in a block: what is to be typed.
CODE = re.compile(r"```.*?```|`[^`\n]+`|^ {4}[^\n]+", re.MULTILINE | re.DOTALL)
# What is the same in each package needs no word (architecture's furniture).
ORDINARY = {"__main__.py", "models.py", "services.py", "selectors.py", "locks.py", "entries.py", "errors.py", "urls.py"}
# Read by OpenTelemetry's own packages.
OF_OTHERS = "OTEL_"


@cache
def tracked() -> list[str]:
    run = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.split("\n")[:-1]


def documents() -> list[str]:
    pages = [name for name in tracked() if name.endswith(".md") and name not in HISTORY]
    return [name for name in pages if name.startswith("docs/") or Path(name).stem.startswith("README")]


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def code_of_the_house() -> str:
    """Return all that is run: where a setting is named that nothing reads, it is named in none of it."""
    files = [name for name in tracked() if name.endswith((".py", ".yml", ".yaml", ".env", ".sh", ".conf", ".service"))]
    files += ["Makefile", ".env.example", "pyproject.toml", "config/deploy/make-secrets", "config/deploy/Dockerfile"]
    return "\n".join(text_of(name) for name in files if not name.startswith("docs/"))


def typed_in(name: str) -> str:
    # A line that goes on in the next one is one line.
    return "\n".join(CODE.findall(text_of(name))).replace("\\\n", " ")


def without_braces(path: str) -> list[str]:
    """Return the paths that `a/{b,c}` stands for."""
    parts = re.split(r"\{([^}]*)\}", path)
    choices = [part.split(",") if at % 2 else [part] for at, part in enumerate(parts)]
    return ["".join(each) for each in product(*choices)]


def is_there(path: str) -> bool:
    if "*" in path:
        return any(ROOT.glob(path))
    return (ROOT / path).exists() or (ROOT / f"{path}.py").exists()


@pytest.mark.parametrize("name", documents())
def test_each_file_and_test_that_is_named_is_there(name):
    missing = []
    for named in sorted(set(PATH.findall(text_of(name)))):
        path, _colons, test = named.partition("::")
        for each in without_braces(path):
            if not is_there(each):
                missing.append(each)
            elif test and not re.search(rf"^(?:async )?def {test}\(", text_of(each), re.MULTILINE):
                missing.append(named)
    assert missing == []


@pytest.mark.parametrize("name", documents())
def test_each_page_and_heading_that_is_linked_is_there(name):
    missing = []
    for target, heading in LINK.findall(text_of(name)):
        page = (ROOT / name).parent / target if target else ROOT / name
        if target.startswith("/"):
            # Of the site: the guide is read there.
            missing += [] if is_address(target) else [target]
        elif not page.exists():
            missing.append(target)
        elif heading and heading not in headings_of(page):
            missing.append(f"{target}#{heading}")
    assert missing == []


def is_address(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def headings_of(page: Path) -> set[str]:
    """Return the anchors that a page's headings have where it is shown."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", documents())
def test_each_target_of_make_is_there(name):
    named = set(re.findall(r"(?:^|`|\s)make (?:[A-Z_]+=\S+ )*([a-z][a-z-]+)", typed_in(name)))
    assert named - TARGETS == set()


@pytest.mark.parametrize("name", documents())
def test_each_setting_that_is_named_is_read_somewhere(name):
    # Every text among the settings may be a file (config/settings.py).
    named = {each.removesuffix("_FILE") for each in SETTING.findall(text_of(name)) if not each.startswith(OF_OTHERS)}
    assert {each for each in named if each not in code_of_the_house()} == set()


@pytest.mark.parametrize("name", documents())
def test_each_command_is_there_with_the_options_that_it_is_given(name):
    wrong = []
    for line in re.findall(r"(?:manage\.py|tianhui-manage|config\.programs manage) ([a-z_]+[^`\n|;]*)", typed_in(name)):
        command, *words = line.split()
        if command not in get_commands():
            wrong.append(command)
            continue
        options = {word.partition("=")[0].rstrip(".,:)…") for word in words if word.startswith("--")}
        wrong += [f"{command} {option}" for option in options - options_of(command)]
    assert wrong == []


@pytest.mark.parametrize("name", [name for name in documents() if Path(name).name == "README.md" and "/" in name])
def test_a_package_says_what_each_of_its_modules_is_for(name):
    """Where it has a table of its files: none is missing, and none has gone."""
    folder = (ROOT / name).parent
    rows = re.findall(r"^\| (`[^|]+`) \|", text_of(name), re.MULTILINE)
    said = {each for row in rows for each in re.findall(r"`([\w/.]+\.py)`", row)}
    gone = {each for each in said if not (folder / each).exists() and not (ROOT / each).exists()}
    there = {path.name for path in folder.glob("*.py")} - {"__init__.py", "conftest.py"}
    assert gone == set()
    assert not said or {each for each in there - ORDINARY if f"{each}`" not in text_of(name)} == set()


@cache
def options_of(command: str) -> set[str]:
    app = get_commands()[command]
    found = app if not isinstance(app, str) else load_command_class(app, command)
    return set(options_in(found.create_parser("manage.py", command)))


def options_in(parser: ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, _SubParsersAction):
            for each in action.choices.values():
                yield from options_in(each)


@pytest.mark.parametrize("name", documents())
def test_each_module_that_is_run_is_there_with_the_options_that_it_is_given(name):
    wrong = []
    for module, rest in re.findall(r"python -m ((?:config|ledger|trading|tests)[\w.]*)([^`\n|;]*)", typed_in(name)):
        source = source_of(module)
        if source is None:
            wrong.append(module)
            continue
        said = strings_in(source) | {"--help"}
        options = {
            word.partition("=")[0].rstrip(".,:)…") for word in shlex.split(rest, comments=True) if word[:2] == "--"
        }
        wrong += [f"{module} {option}" for option in options - said]
    assert wrong == []


def source_of(module: str) -> Path | None:
    """Return the file that `python -m` runs."""
    try:
        found = find_spec(f"{module}.__main__") or find_spec(module)
    except ModuleNotFoundError:
        found = find_spec(module)
    return Path(found.origin) if found and found.origin else None


@cache
def strings_in(source: Path) -> set[str]:
    """Return the texts in a module; of a package's `__main__` those of the whole package, which may read its words elsewhere."""
    files = source.parent.rglob("*.py") if source.name == "__main__.py" else [source]
    nodes = (node for each in files for node in ast.walk(ast.parse(each.read_text(encoding="utf-8"))))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
