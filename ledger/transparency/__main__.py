"""Prove the log without the operator: no Django, no database, nothing but Python.

python -m ledger.transparency verify SOURCE --key VKEY
python -m ledger.transparency vectors FILE
"""

import argparse
import sys
from pathlib import Path

from ledger.transparency.offline import command
from ledger.transparency.vectors import VectorsError, run_vectors

INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run a command, and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ledger.transparency", description="Prove the log without the operator."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command.add_arguments(commands.add_parser("verify", help="verify a whole log"))
    commands.add_parser("vectors", help="run published test vectors").add_argument("file", type=Path)
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "verify":
            return command.run(arguments, sys.stdout, sys.stderr)
        return 0 if run_vectors(arguments.file, sys.stdout) else 1
    except VectorsError as error:
        print(f"{error}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
