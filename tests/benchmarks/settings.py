"""The product's settings, with the empty view that HTTP figures are measured against."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.urls"
