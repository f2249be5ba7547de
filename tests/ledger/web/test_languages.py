"""Whoever chooses a language is written to in it: in text and HTML alike, whoever asked for the mail and in which language."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from ledger import tasks
from ledger.models import NoticeSettings, User
from ledger.parties.security import later as queue
from tests.factories import UserFactory


@pytest.fixture
def person(db: None) -> User:
    user = UserFactory(username='<b>wu</b>"&')
    EmailAddress.objects.create(user=user, email="wu@example.cn", verified=True, primary=True)
    return user


@pytest.fixture(autouse=True)
def _queued(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what is queued for a worker done here at once after a commit."""

    def send_task(name: str, kwargs: dict[str, Any], retry: bool) -> None:
        getattr(tasks, name.removeprefix("ledger.tasks."))(**kwargs)

    monkeypatch.setattr(queue.app, "send_task", send_task)


def ask(language: str, capture: Callable[..., Any]) -> mail.EmailMultiAlternatives:
    with capture(execute=True):
        Client().post("/password", {"email": "wu@example.cn"}, headers={"accept-language": language})
    return mail.outbox[-1]


def test_a_choice_of_language_is_kept_for_mails(
    person: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    capture = django_capture_on_commit_callbacks
    assert "new password" in ask("en", capture).subject
    reader = Client()
    reader.force_login(person)
    for language in ("zh-hans", "nonsense", ""):
        assert reader.post("/language", {"language": language, "next": "/"}).status_code == 302
    reader.get("/language?language=en")
    assert NoticeSettings.objects.get(person=person).language == "zh-hans"
    message = ask("en", capture)
    assert "new password" not in message.subject
    html = message.alternatives[0].content
    assert 'lang="zh-Hans"' in html
    reader.post("/language", {"language": "en", "next": "/"})
    assert "new password" in ask("zh-hans", capture).subject


def test_the_html_says_what_the_text_says_and_has_one_link(
    person: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    message = ask("en", django_capture_on_commit_callbacks)
    html = message.alternatives[0].content
    link = re.search(r"http://testserver(\S+)", message.body)[0]
    assert re.findall(r'href="([^"]*)"', html) == [link]
    assert "<b>wu" not in html
    assert "&lt;b&gt;wu" in html
    for line in message.body.split("\n"):
        assert not line.strip() or line.split("<b>")[0].strip()[:40].rstrip(".") in html


def test_a_visitor_changes_the_pages_alone(db: None) -> None:
    assert Client().post("/language", {"language": "en", "next": "/"}).status_code == 302
    assert not NoticeSettings.objects.exists()
