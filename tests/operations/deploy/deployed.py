"""The deployment files as the tests read them: units of systemd, settings that there are, blocks of the documentation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.programs import BASE_DIR

FOLDER = BASE_DIR / "config" / "deploy"
SYSTEMD = FOLDER / "systemd"
DOCUMENT = BASE_DIR / "docs" / "deployment.md"
UNITS = sorted(path.name for path in SYSTEMD.glob("tianhui-*.service"))
SHARDS = 2


@dataclass(frozen=True)
class Unit:
    """A unit with what all have in common."""

    name: str
    sections: dict[str, dict[str, list[str]]]

    def all(self, key: str, section: str = "Service") -> list[str]:
        return [value.strip() for value in self.sections.get(section, {}).get(key, []) if value.strip()]

    def last(self, key: str, section: str = "Service") -> str:
        return self.all(key, section)[-1]

    def environment(self) -> dict[str, str]:
        words = [word for line in self.all("Environment") for word in line.split()]
        return dict(word.split("=", 1) for word in words)

    def credentials(self) -> dict[str, str]:
        return dict(line.split(":", 1) for line in self.all("LoadCredential"))


def read_unit(name: str, folder: Path = SYSTEMD) -> Unit:
    """Return a unit by its name, an instance of a template too, with its drop-ins after it, as systemd reads them."""
    stem, at, instance = name.removesuffix(".service").partition("@")
    files = [folder / f"{stem}{at}.service", *sorted((folder / "tianhui-.service.d").glob("*.conf"))]
    sections: dict[str, dict[str, list[str]]] = {}
    for file in files:
        for section, key, value in _lines(file.read_text(encoding="utf-8")):
            sections.setdefault(section, {}).setdefault(key, []).append(value.replace("%i", instance))
    return Unit(name, sections)


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line.strip() and not line.startswith(("#", ";")):
            key, _equals, value = line.partition("=")
            yield section, key, value


def env_file(text: str) -> dict[str, str]:
    """Return the settings in an environment file."""
    lines = (line.partition("=") for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return {name: value for name, _equals, value in lines}


def known_settings() -> dict[str, str]:
    """Return the settings that .env.example lists, each with the value that it shows."""
    text = (BASE_DIR / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", text, re.MULTILINE))


def is_known(name: str) -> bool:
    """Return whether a setting is one of ours, or names the file that holds one."""
    known = known_settings()
    return name in known or name.removesuffix("_FILE") in known


def steps() -> dict[str, str]:
    """Return the blocks of the documentation, each by the name that the comment before it gives."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return dict(re.findall(r"^<!-- step: ([a-z]+) -->\n```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
