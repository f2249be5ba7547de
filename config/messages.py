"""Translations without gettext's programs, which a bare machine does not have: `python -m config.messages update`.

update   gather messages from code and templates into config/locale/zh_Hans, and compile
compile  make the .mo file from the .po file
check    exit 1 where a message is missing, fuzzy or untranslated, or where the .mo file is not the .po file's
"""

import datetime as dt
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

BASE_DIR = Path(__file__).resolve().parent.parent
FOLDER = BASE_DIR / "config" / "locale" / "zh_Hans" / "LC_MESSAGES"
PO, MO = FOLDER / "django.po", FOLDER / "django.mo"
BEGUN = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
PACKAGES = ("config", "ledger", "trading")
TEMPLATES = (".html", ".txt", ".svg")
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


def gather() -> Catalog:
    """Return every message that code and templates have, in the order of the files."""
    catalog = _empty()
    for path in _sources():
        source, method = _readable(path)
        found = extract(method, io.BytesIO(source.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"})
        for _line, message, _comments, context in found:
            catalog.add(message, locations=[(str(path.relative_to(BASE_DIR)), 0)], context=context)
    return catalog


def _empty() -> Catalog:
    # One fixed date: a change of the file is then a change of a message.
    return Catalog(
        locale="zh_Hans",
        project="Tianhui",
        version="1",
        header_comment="# Tianhui in simplified Chinese. `make messages` gathers what is new.",
        creation_date=BEGUN,
        revision_date=BEGUN,
        last_translator="Tianhui",
        language_team="Tianhui",
        msgid_bugs_address="",
        charset="utf-8",
        fuzzy=False,
    )


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((BASE_DIR / package).rglob("*")):
            is_template = path.suffix in TEMPLATES and "templates" in path.parts
            if is_template or (path.suffix == ".py" and "migrations" not in path.parts):
                yield path


def _readable(path: Path) -> tuple[str, str]:
    """Return a file's text and the reader that finds messages in it; of a template, its translation tags as calls."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text, "python"
    from django.utils.translation.template import templatize

    # The rest of the template becomes filler without a grammar, which the reader of JavaScript does not mind.
    return templatize(text, origin=str(path)), "javascript"


def translated() -> Catalog:
    """Return the translations at hand."""
    with PO.open("rb") as file:
        return read_po(file, locale="zh_Hans", domain="django")


def update() -> None:
    """Bring the .po file up to what the code says; translations are kept, and what is new is left empty."""
    catalog = translated() if PO.exists() else _empty()
    catalog.update(gather(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, catalog, width=110, include_lineno=False, sort_by_file=True)
    compile_messages()


def compile_messages() -> None:
    """Make the file that the product reads."""
    MO.write_bytes(compiled())


def compiled() -> bytes:
    """Return what the .mo file must be."""
    buffer = io.BytesIO()
    write_mo(buffer, translated())
    return buffer.getvalue()


def problems() -> list[str]:
    """Return what is wrong with the translations, a line each."""
    catalog = translated()
    known = {(message.id, message.context) for message in catalog if message.id}
    wanted = {(message.id, message.context) for message in gather() if message.id}
    found = [f"not in the .po file: {message!r}" for message, _context in sorted(wanted - known, key=repr)]
    found += [f"no longer used: {message!r}" for message, _context in sorted(known - wanted, key=repr)]
    for message in catalog:
        strings = message.string if isinstance(message.string, tuple | list) else [message.string]
        if message.id and not all(strings):
            found.append(f"not translated: {message.id!r}")
        elif message.fuzzy and message.id:
            found.append(f"fuzzy: {message.id!r}")
        found += [f"{message.id!r}: {error}" for error in message.check(catalog)]
    if not found and MO.read_bytes() != compiled():
        found.append("the .mo file is older than the .po file: python -m config.messages compile")
    return found


def main(command: str) -> int:
    """Do what the command says; return the exit status."""
    _stand_in_settings()
    if command == "check":
        found = problems()
        print("\n".join(found) or "every message is translated")
        return 1 if found else 0
    if command in ("update", "compile"):
        update() if command == "update" else compile_messages()
        return 0
    print(__doc__, file=sys.stderr)
    return 2


def _stand_in_settings() -> None:
    """Let Django read templates: nothing is connected to."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    for name, value in {
        "SECRET_KEY": "messages",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }.items():
        os.environ.setdefault(name, value)
    import django

    django.setup()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) == 2 else ""))
