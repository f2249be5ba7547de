"""Light or dark: what a reader has chosen is in the page itself, kept by a cookie, for each reader their own."""

import re

import pytest
from django.core.cache import cache
from django.test import Client

from ledger.web.themes import COOKIE


def theme_in(page):
    found = re.search(r"<html [^>]*?data-theme=\"(\w+)\"", page.content.decode())
    return found and found[1]


def test_a_choice_is_kept_and_written_into_every_page(client, db):
    assert theme_in(client.get("/projects")) is None
    answer = client.post("/theme", {"theme": "dark", "next": "/projects?q=a"})
    assert (answer.status_code, answer["Location"]) == (302, "/projects?q=a")
    cookie = answer.cookies[COOKIE]
    assert (cookie["samesite"], cookie["httponly"], cookie["max-age"]) == ("Lax", True, 31_536_000)
    page = client.get("/projects")
    assert theme_in(page) == "dark"
    assert '<button name="theme" value="dark" aria-pressed="true">' in page.content.decode()


@pytest.mark.parametrize("given", ["system", "", "purple", 'dark"><script>'])
def test_anything_else_is_as_the_system_has_it(client, db, given):
    client.post("/theme", {"theme": "light"})
    client.post("/theme", {"theme": given})
    assert theme_in(client.get("/login")) is None


def test_a_cookie_that_says_anything_else_is_not_written_into_the_page(client, db):
    client.cookies[COOKIE] = "x onload=alert(1)"
    page = client.get("/login")
    assert theme_in(page) is None
    assert "onload" not in page.content.decode()


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", ""])
def test_the_way_back_leads_nowhere_else(client, db, back):
    assert client.post("/theme", {"theme": "dark", "next": back})["Location"] == "/"


def test_a_choice_is_made_by_a_form_alone(db):
    assert Client().get("/theme").status_code == 405
    assert Client(enforce_csrf_checks=True).post("/theme", {"theme": "dark"}).status_code == 403


def test_pages_that_are_kept_for_visitors_are_kept_for_each_theme(db, settings):
    settings.PUBLIC_PAGES_SECONDS = 30
    cache.clear()
    plain, dark = Client(), Client()
    dark.cookies[COOKIE] = "dark"
    for _time in range(2):
        assert theme_in(plain.get("/projects")) is None
        assert theme_in(dark.get("/projects")) == "dark"
