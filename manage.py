#!/usr/bin/env python
"""Run a management command."""

import os
import sys

from django.core.management import execute_from_command_line

# What changes the schema or who may do what with it; MIGRATIONS_DATABASE_URL says as whom.
OWNERS_COMMANDS = ("migrate", "database_roles", "take_into_service")

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] and sys.argv[1] in OWNERS_COMMANDS:
        os.environ.setdefault("DATABASE_AS_OWNER", "1")
    execute_from_command_line(sys.argv)
