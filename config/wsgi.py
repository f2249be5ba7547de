"""Pages and API."""

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config import collector
from config.operations.deploy.notify import watch_over

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
with collector.starting():
    application = get_wsgi_application()
    # Every page is read before the first request comes, which would wait for it.
    import_module(settings.ROOT_URLCONF)
watch_over("web")
