"""Public pages that are kept for a while: the same for every visitor, and for nobody who is logged in."""

import re

import pytest
import redis
from django.core.cache import cache
from django.test import Client

from ledger.web import kept
from tests.factories import ProjectFactory


@pytest.fixture(autouse=True)
def _keep(settings):
    settings.PUBLIC_PAGES_SECONDS = 30


def tokens(page):
    return re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)


def test_a_page_is_rendered_once_for_all_visitors(db, django_assert_num_queries):
    first = ProjectFactory()
    assert first.name in Client().get("/projects").content.decode()
    ProjectFactory(name="后来的")
    with django_assert_num_queries(0):
        page = Client().get("/projects").content.decode()
    assert "后来的" not in page
    assert "后来的" in Client().get("/projects?sort=oldest").content.decode()
    cache.clear()
    assert "后来的" in Client().get("/projects").content.decode()


def test_each_language_and_search_has_a_page_of_its_own(db):
    ProjectFactory(name="甲田", name_en="First field")
    chinese, english = (Client(headers={"accept-language": language}) for language in ("zh-hans", "en"))
    for _time in range(2):
        assert "甲田" in chinese.get("/projects").content.decode()
        assert "First field" in english.get("/projects").content.decode()
        assert "甲田" not in chinese.get("/projects?q=none").content.decode()


def test_each_visitor_has_a_token_that_works(db):
    ProjectFactory()
    Client().get("/projects")
    for _visitor in range(2):
        visitor = Client(enforce_csrf_checks=True)
        token, *_others = tokens(visitor.get("/projects").content.decode())
        assert kept.TOKEN_PLACE.decode() != token
        answer = visitor.post("/language", {"language": "en", "next": "/projects", "csrfmiddlewaretoken": token})
        assert answer.status_code == 302
        assert 'lang="en"' in visitor.get("/projects").content.decode()


def test_who_is_logged_in_neither_gets_nor_leaves_a_kept_page(who):
    draft = ProjectFactory(status="draft", name="草稿田", proponent=who.cooperative.organisation)
    member = Client()
    member.force_login(who.cooperative.user)
    assert draft.name in member.get("/projects").content.decode()
    assert draft.name not in Client().get("/projects").content.decode()
    assert draft.name in member.get("/projects").content.decode()
    assert member.get(f"/projects/{draft.code}").status_code == 200
    assert Client().get(f"/projects/{draft.code}").status_code == 404


def test_pages_come_without_a_cache_too(db, monkeypatch):
    def fail(*_arguments):
        raise redis.ConnectionError

    monkeypatch.setattr(kept.cache, "get", fail)
    monkeypatch.setattr(kept.cache, "set", fail)
    assert Client().get("/projects").status_code == 200
