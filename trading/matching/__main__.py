"""python -m trading.matching FILE [--check]: run scenarios; with --check compare them with what they expect."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from trading.matching.scenarios import differences, run


def main() -> int:
    """Return 0, or 1 where a scenario differs from what it expects, or 2 where the file cannot be run."""
    parser = argparse.ArgumentParser(prog="python -m trading.matching", description=__doc__)
    parser.add_argument("file", help="a JSON list of scenarios, or one; - for standard input")
    parser.add_argument("--check", action="store_true", help="compare with `expect`; exit status 1 on a difference")
    options = parser.parse_args()
    try:
        text = sys.stdin.read() if options.file == "-" else Path(options.file).read_text(encoding="utf-8")
        scenarios = json.loads(text)
        results = [(scenario, run(scenario)) for scenario in _as_list(scenarios)]
    except (OSError, ValueError) as error:
        print(f"{options.file}: {error}", file=sys.stderr)
        return 2
    except RecursionError:
        print(f"{options.file}: nested too deeply", file=sys.stderr)
        return 2
    if options.check:
        return _check(results)
    print(json.dumps([scenario | {"result": result} for scenario, result in results], ensure_ascii=False, indent=1))
    return 0


def _as_list(scenarios: Any) -> list[Any]:
    return scenarios if isinstance(scenarios, list) else [scenarios]


def _check(results: list[tuple[dict[str, Any], dict[str, Any]]]) -> int:
    different = 0
    for at, (scenario, result) in enumerate(results):
        found = differences(result, scenario.get("expect", {}))
        different += bool(found)
        for line in found:
            print(f"{scenario.get('name', at)}: {line}")
    print(f"{len(results) - different} of {len(results)} scenarios as expected")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
