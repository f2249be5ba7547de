"""python -m ledger.quantification FILE [--check]: compute case files; with --check compare with what they expect."""

import argparse
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from ledger.quantification import InvalidInput, quantify

RELATIVE_TOLERANCE = Decimal("1e-9")


def main() -> int:
    """Return 0, or 1 where a case differs from what it expects, or 2 where the file cannot be computed."""
    parser = argparse.ArgumentParser(prog="python -m ledger.quantification", description=__doc__)
    parser.add_argument("file", help="a JSON list of cases, or one; - for standard input")
    parser.add_argument("--check", action="store_true", help="compare with `expect`; exit status 1 on a difference")
    options = parser.parse_args()
    try:
        text = sys.stdin.read() if options.file == "-" else Path(options.file).read_text(encoding="utf-8")
        content = json.loads(text)
        cases = content if isinstance(content, list) else [content]
        sheets = [quantify(case) for case in cases]
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, InvalidInput) as error:
        print(f"{options.file}: {error}", file=sys.stderr)
        return 2
    if options.check:
        return _check(cases, [sheet.result.as_dict() for sheet in sheets])
    printed = [
        case | {"result": sheet.result.as_dict(), "sheet": sheet.as_dict()}
        for case, sheet in zip(cases, sheets, strict=True)
    ]
    print(json.dumps(printed, ensure_ascii=False, indent=1))
    return 0


def _check(cases: list[dict[str, Any]], results: list[dict[str, Any]]) -> int:
    different = 0
    for at, (case, result) in enumerate(zip(cases, results, strict=True)):
        found = [
            f"{key}: {result.get(key)} instead of {wanted}"
            for key, wanted in case.get("expect", {}).items()
            if not agrees(result.get(key), wanted)
        ]
        different += bool(found)
        for line in found:
            print(f"{case.get('name', at)}: {line}")
    print(f"{len(cases) - different} of {len(cases)} cases as expected")
    return 1 if different else 0


def agrees(got: Any, wanted: Any) -> bool:
    """Return whether a result is the expected one: whole tonnes exactly, decimals to a relative 1e-9."""
    if not isinstance(wanted, str):
        return bool(got == wanted)
    if got is None:
        return False
    difference = abs(Decimal(got) - Decimal(wanted))
    return difference <= RELATIVE_TOLERANCE * max(abs(Decimal(wanted)), Decimal("1e-30"))


if __name__ == "__main__":
    sys.exit(main())
