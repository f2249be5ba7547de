"""A bar that shows how far a long piece of work has come, where somebody watches."""

from typing import TextIO

_WIDTH = 40


class Progress:
    """Draws a bar, at most a hundred times."""

    def __init__(self, out: TextIO | None) -> None:
        self._out = out
        self._shown = -1

    def show(self, done: int, total: int) -> None:
        """Show how many of the total are done."""
        percent = done * 100 // total
        if self._out is None or percent == self._shown:
            return
        self._shown = percent
        bar = "#" * (percent * _WIDTH // 100)
        self._out.write(f"\r[{bar:<{_WIDTH}}] {percent:3d} %  {done:,} of {total:,} records")
        self._out.flush()

    def end(self) -> None:
        """Take the bar away."""
        if self._out is not None:
            self._out.write("\r\x1b[K")
            self._out.flush()
