"""The list of pages is whole: nothing that a person can open is left out of what is checked."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver

from tests.browser.pages import DESK, NOT_PAGES, PAGES

# What a program reads: the API and its schema, and the log, whose addresses are those of its format.
FOR_PROGRAMS = ("api/", "^api/", "log/", "admin/")


def named(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    """Yield the names of addresses but for those that programs read."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if route.startswith(FOR_PROGRAMS):
            continue
        if isinstance(pattern, URLResolver):
            yield from named(pattern.url_patterns, route)
        elif pattern.name:
            yield pattern.name


def test_every_named_address_is_in_the_list_or_says_why_not():
    addresses = set(named(get_resolver().url_patterns))
    listed = {page.name for page in PAGES}
    assert addresses - listed - NOT_PAGES.keys() == set(), "pages.py does not know these pages"
    assert (listed | NOT_PAGES.keys()) - addresses == set(), "pages.py has what is no address"
    assert listed & NOT_PAGES.keys() == set()


def test_every_own_page_of_the_desk_is_in_the_list():
    own = {pattern.name for pattern in admin.site.get_urls() if isinstance(pattern, URLPattern) and pattern.name}
    # Steps, files, and a redirect to the one log-in; a change of password is the journey's; the progress is a part of the reconciliation.
    others = {
        "login",
        "logout",
        "jsi18n",
        "autocomplete",
        "view_on_site",
        "app_list",
        "password_change",
        "password_change_done",
    }
    others |= {"reconcile_progress", "trial_balance_export"}
    assert {f"admin:{name}" for name in own - others} == {page.name for page in DESK}


@pytest.mark.parametrize("page", PAGES + DESK, ids=lambda page: page.address)
def test_a_page_has_a_reader_and_says_what_it_is_about(page):
    assert page.readers
    assert page.about
