"""The command `verify`: read a log from a folder or an address, and say whether it holds."""

import argparse
import contextlib
import json
from pathlib import Path
from typing import TextIO

from ledger.transparency.cosignatures import CosignatureVerifier
from ledger.transparency.notes import NoteError, decode_vkey
from ledger.transparency.offline.progress import Progress
from ledger.transparency.offline.report import as_json, write_summary
from ledger.transparency.offline.sources import FolderSource, Source, SourceError
from ledger.transparency.offline.state import Seen, StateError, read_state, write_state
from ledger.transparency.offline.verify import verify_log
from ledger.transparency.offline.web import WebSource

HOLDS, BROKEN, UNREADABLE = 0, 1, 2


class UsageError(Exception):
    """What was given on the command line is of no use. The sentence says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("source", help="a folder that export_log has written, or an address such as https://host/log")
    parser.add_argument("--key", required=True, metavar="VKEY", help="the log's verifier key, as it was handed to you")
    parser.add_argument(
        "--witness", action="append", default=[], metavar="VKEY", help="a witness that must have cosigned"
    )
    parser.add_argument("--json", action="store_true", help="print everything that was found, for programs")
    parser.add_argument(
        "--token-file", type=Path, metavar="F", help="a file with an auditor's API token, to read entries"
    )
    parser.add_argument(
        "--state", type=Path, metavar="FILE", help="remember what was seen, and compare with it next time"
    )
    parser.add_argument("--no-progress", action="store_true", help="draw no bar")


def run(arguments: argparse.Namespace, out: TextIO, errors: TextIO) -> int:
    """Verify, print the report, and return the exit status: 0 holds, 1 does not, 2 cannot be read."""
    try:
        return _run(arguments, out, errors)
    except (UsageError, SourceError, StateError) as error:
        print(error, file=errors)
        return UNREADABLE


def _run(arguments: argparse.Namespace, out: TextIO, errors: TextIO) -> int:
    vkey, witnesses = _check_key(arguments.key), [_witness(vkey) for vkey in arguments.witness]
    seen = read_state(arguments.state) if arguments.state else Seen()
    seen.check_origin(decode_vkey(vkey)[0], arguments.state)
    bar = errors if errors.isatty() and not arguments.no_progress else None
    with contextlib.closing(_source(arguments)) as source:
        result = verify_log(source, vkey, witnesses=witnesses, seen=seen, progress=Progress(bar))
    if arguments.json:
        json.dump(as_json(result), out, ensure_ascii=False, indent=1)
        out.write("\n")
    else:
        out.writelines(f"{line}\n" for line in write_summary(result))
    if not result.holds:
        return BROKEN
    if arguments.state:
        seen.origin = result.checkpoint.origin
        seen.roots[result.checkpoint.size] = result.checkpoint.root
        write_state(arguments.state, seen)
    return HOLDS


def _check_key(vkey: str) -> str:
    try:
        decode_vkey(vkey)
    except NoteError as error:
        raise UsageError(f"--key: {error}.") from None
    return vkey.strip()


def _witness(vkey: str) -> CosignatureVerifier:
    try:
        return CosignatureVerifier(vkey)
    except NoteError as error:
        raise UsageError(f"--witness: {error}.") from None


def _source(arguments: argparse.Namespace) -> Source:
    if "://" in arguments.source:
        return WebSource(arguments.source, _token(arguments.token_file))
    return FolderSource(Path(arguments.source))


def _token(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        token = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeError:
        token = ""
    if not token or len(token.split()) != 1:
        raise UsageError(f"{path} does not hold an API token.")
    return token
