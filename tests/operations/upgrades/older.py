"""A worker of an older release: it knows less tasks than this one. `python -m tests.operations.upgrades.older TASK… -- worker …`."""

import sys

from config.celery import app

if __name__ == "__main__":
    cut = sys.argv.index("--")
    unknown, words = sys.argv[1:cut], sys.argv[cut + 1 :]
    app.loader.import_default_modules()
    app.finalize()
    for name in unknown:
        del app.tasks[name]
    app.worker_main(words)
