"""Live streams only (server-sent events): pages and the API are served by wsgi.py.

What is streamed is what the executor publishes on Redis after each commit (trading/stream/, docs/streams.md). The database
is asked by few threads, and for little: who somebody is, and what was missed by whoever was away for long.
"""

import os

import django
from django.apps import apps

from config import collector

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
with collector.starting():
    if not apps.ready:
        django.setup()
    from config.operations.deploy.notify import watch_over
    from config.operations.observe.stream import observed
    from trading.stream.app import application as streams

application = observed(streams)
watch_over("stream")

__all__ = ["application"]
