"""Audit what we build on and what we write: `python -m config.operations.audit`, or `make audit`. Ends with status 1 where there is something."""

import sys

from config.operations.audit.checks import ALL, Finding


def main() -> int:
    """Run every check, print what each found, and return the status."""
    failed = False
    for check in ALL:
        found = check()
        failed = failed or found.is_bad
        print(f"{_word(found):8} {check.__name__}: {found.said}", flush=True)
    return int(failed)


def _word(found: Finding) -> str:
    if found.is_bad:
        return "FOUND"
    return "ok" if found.was_done else "NOT DONE"


if __name__ == "__main__":
    sys.exit(main())
