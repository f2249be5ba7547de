"""The text that Prometheus reads: what the programs of this host have counted, and what the database says."""

import os
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

from config.operations.observe import metrics
from config.operations.observe.figures import Figures
from config.operations.observe.tally import tally

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def exposition(*, with_figures: bool) -> bytes:
    """Return the metrics as text; `with_figures`: with those that are read from the database and from Redis."""
    tally.flush()
    text = generate_latest(_of_this_host())
    if not with_figures:
        return text
    figures = CollectorRegistry(auto_describe=False)
    figures.register(Figures())
    return text + generate_latest(figures)


def _of_this_host() -> CollectorRegistry:
    folder = metrics.folder()
    if folder is None:
        return REGISTRY
    _forget_the_dead(folder)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    return registry


def _forget_the_dead(folder: Path) -> None:
    """Remove what processes that are gone said of themselves at the moment; what they have counted stays counted."""
    for file in folder.glob("gauge_live*.db"):
        pid = file.stem.rpartition("_")[2]
        if pid.isdigit() and not _is_alive(int(pid)):
            file.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


__all__ = ["CONTENT_TYPE", "exposition"]
