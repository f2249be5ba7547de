"""What is done with the pages beside testing them.

furnish FILE   furnish the demo of the environment's database with all that pages are about, and write its names to FILE
screenshots    take pictures of the pages: `make screenshots`
"""

import sys
from pathlib import Path


def main(words: list[str]) -> int:
    """Do what the command line says, and return the exit status."""
    if words[:1] == ["furnish"] and len(words) == 2:
        import django

        django.setup()
        from tests.browser import scene

        scene.main(Path(words[1]))
        return 0
    if words[:1] == ["screenshots"]:
        from tests.browser import screenshots

        return screenshots.main(words[1:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
