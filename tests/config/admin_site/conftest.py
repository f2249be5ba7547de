"""A season that the tests of a file share."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from django.db import transaction

from ledger.models import Membership
from tests.config.admin_site.season import all_that_can_be_done
from tests.scenes import People, people


@pytest.fixture(scope="module")
def _season_once(django_db_setup: None, django_db_blocker: Any) -> Iterator[People]:
    """Let the season happen once for all tests of a file, in one transaction that none of them changes."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield all_that_can_be_done(people())
        transaction.set_rollback(True)


@pytest.fixture
def season(_season_once: People, db: None) -> People:
    """Return people who have done all that can be done, as the database has them; what a test does is undone."""
    known = Membership.objects.select_related("user", "organisation")
    return People(*(known.get(pk=getattr(_season_once, field.name).pk) for field in fields(People)))
