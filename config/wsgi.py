"""Pages and API."""

import os

from django.core.wsgi import get_wsgi_application

from config.operations.deploy.notify import watch_over

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
watch_over("web")
