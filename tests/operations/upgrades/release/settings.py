"""The product's settings, with the test's release installed."""

from config.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.operations.upgrades.release"]  # noqa: F405
