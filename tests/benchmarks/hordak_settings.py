"""The least that django-hordak needs, in a database of its own."""

from config import env

SECRET_KEY = "bench"
INSTALLED_APPS = ["django.contrib.contenttypes", "mptt", "hordak"]
DATABASES = {"default": env.postgres("DATABASE_URL")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DEFAULT_CURRENCY = "CNY"
CURRENCIES = ["CNY"]
HORDAK_CURRENCIES = CURRENCIES
USE_TZ = True
