"""Run a witness from the command line: `python -m ledger.transparency.witness`, or `manage.py witness`."""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from ledger.transparency.cosignatures import CosignatureSigner
from ledger.transparency.fetching import FetchError
from ledger.transparency.notes import NoteError, Verifier
from ledger.transparency.seeds import make_seed, read_seed
from ledger.transparency.witness.core import Refusal, Witness
from ledger.transparency.witness.follower import Follower
from ledger.transparency.witness.server import WitnessServer
from ledger.transparency.witness.state import StateError, StateFolder

DESCRIPTION = (
    "Watch a log for another organisation: cosign its checkpoints where each extends the one before. "
    "It needs no database and nothing of the log's operator but the log's verifier key."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what a witness is told on the command line."""
    parser.add_argument("--name", required=True, help="the witness's name, such as witness.example/w1")
    parser.add_argument("--key-file", type=Path, required=True, help="its private key; made at the first start")
    parser.add_argument("--state", type=Path, required=True, help="the folder in which it remembers what it has seen")
    parser.add_argument(
        "--log-key",
        metavar="VKEY",
        action="append",
        required=True,
        help="a log's verifier key, from its operator; again for each log, and for each key of a log",
    )
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--listen", metavar="HOST:PORT", type=_address, help="wait for logs that POST /add-checkpoint")
    mode.add_argument("--follow", metavar="URL", help="go to a log by itself, such as https://tianhui.example/log")
    parser.add_argument("--interval", type=_seconds, default=30.0, help="seconds between two looks at the log (30)")
    parser.add_argument(
        "--once", action="store_true", help="look at the log once; exit status 1 where it cannot or must not sign"
    )


def main(arguments: Sequence[str]) -> int:
    """Run a witness and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ledger.transparency.witness", description=DESCRIPTION)
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def run(options: argparse.Namespace) -> int:
    """Run a witness as the command line says, and return the exit status. SIGTERM and Ctrl-C end it in order."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        make_seed(options.key_file)
        signer = CosignatureSigner(options.name, read_seed(options.key_file))
        keys = [Verifier(vkey) for vkey in options.log_key]
        with closing(StateFolder(options.state)) as state:
            _say(f"This witness's key is {signer.vkey}")
            witness = Witness(signer, keys, state, time.time)
            return _listen(witness, options.listen) if options.listen else _follow(witness, options)
    except (NoteError, StateError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _listen(witness: Witness, address: tuple[str, int]) -> int:
    with WitnessServer(address, witness) as server:
        host, port = server.server_address[:2]
        _say(f"It listens at http://{host!s}:{port}/add-checkpoint")
        server.serve_forever()
    return 0


def _follow(witness: Witness, options: argparse.Namespace) -> int:
    follower = Follower(witness, options.follow)
    while True:
        signed = _look(follower)
        if options.once:
            return 0 if signed else 1
        time.sleep(options.interval)


def _look(follower: Follower) -> bool:
    try:
        _say(follower.follow())
    except (FetchError, StateError) as error:
        print(error, file=sys.stderr)
    except Refusal as refusal:
        print(f"NOT SIGNED: {refusal.reason}", file=sys.stderr)
    else:
        return True
    return False


def _say(text: str) -> None:
    print(text, flush=True)


def _address(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not separator or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host, int(port)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError("an interval is between 0.1 seconds and a day")
    return seconds
