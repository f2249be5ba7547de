"""Pages and API."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from config import collector
from config.operations.deploy.notify import watch_over

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
with collector.starting():
    application = get_wsgi_application()
    # Every page is read before the first request comes, which would wait for it.
    assert get_resolver().url_patterns
watch_over("web")
