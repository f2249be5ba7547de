"""What arises within a short time for one person is one e-mail: all of it, once, whoever dies in between."""

import datetime as dt
import signal
import subprocess
import sys

import pytest
from django.utils import timezone

from config.run import BASE_DIR
from ledger.models import Message, Notice, NoticeSettings
from ledger.notices.bundles import APART, WAITS, due_with_others
from ledger.notices.mail import MOST_LINES
from ledger.notices.models import Group
from ledger.notices.rules import Telling, Told
from ledger.notices.sending import PAUSES, send_due_messages
from ledger.notices.telling import tell
from tests.factories import MembershipFactory
from tests.mail_server import mail_server, verify
from tests.racing import race
from tests.running import test_environment as environment_of_tests
from tests.waiting import wait_until

Pace = NoticeSettings.Pace


@pytest.fixture
def mail(settings):
    with mail_server() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        settings.EMAIL_TIMEOUT = 5
        settings.PUBLIC_URL = "https://registry.example.cn"
        yield box


def member(address="lin@example.cn", **chosen):
    person = MembershipFactory()
    verify(person.user, address)
    if chosen:
        NoticeSettings.objects.create(person=person.user, **{"email_groups": Group.values} | chosen)
    return person


def tell_of(person, *names, kind="organisation_approved"):
    for name in names:
        tell([Telling(kind, Told(person.organisation_id), {"name": name, "id": 1}, timezone.now())])


def make_due(**more):
    Message.objects.filter(sent_at=None).update(due_at=timezone.now(), **more)


def parts(letter):
    return letter.get_body(("plain",)).get_content(), letter.get_body(("html",)).get_content()


def test_what_arises_within_a_minute_is_one_email_with_all_of_it_in_both_forms(db, mail):
    chinese, english = member("a@example.cn"), member("b@example.cn", language="en")
    for person in (chinese, english):
        tell_of(person, "甲合作社", "乙合作社")
        tell_of(person, "丙合作社")
    assert send_due_messages() == 0, "it waits for others"
    make_due()
    assert send_due_messages() == 2
    for address in ("a@example.cn", "b@example.cn"):
        (letter,) = mail.to(address)
        text, html = parts(letter)
        for name in ("甲合作社", "乙合作社", "丙合作社"):
            assert name in text
            assert name in html
        assert text.count("https://registry.example.cn/") == html.count("https://registry.example.cn/") > 1
    assert "and 2 more notices" in mail.to("b@example.cn")[0]["subject"]
    assert Message.objects.filter(sent_at=None).count() == 0
    assert Message.objects.filter(bundle=None).count() == 2
    assert send_due_messages() == 0


def test_what_comes_soon_after_waits_for_the_next_one(db, mail):
    person = member()
    tell_of(person, "甲合作社")
    make_due()
    assert send_due_messages() == 1
    tell_of(person, "乙合作社", "丙合作社")
    make_due()
    assert send_due_messages() == 0
    Message.objects.exclude(sent_at=None).update(sent_at=timezone.now() - APART)
    assert send_due_messages() == 1
    text, _html = parts(mail.letters[1][1])
    assert "甲合作社" not in text
    assert "乙合作社" in text
    assert "丙合作社" in text


def test_a_warning_goes_by_itself_at_once_and_so_does_all_of_who_wants_it_so(db, mail):
    bundled, at_once = member("a@example.cn"), member("b@example.cn", pace=Pace.AT_ONCE)
    tell_of(bundled, "甲合作社")
    tell_of(bundled, "甲合作社", kind="organisation_suspended")
    tell_of(at_once, "甲合作社", "乙合作社")
    assert send_due_messages() == 3
    assert len(mail.to("a@example.cn")) == 1
    assert len(mail.to("b@example.cn")) == 2


@pytest.mark.parametrize(
    ("at", "daily"),
    [
        ("2026-11-30T07:59", "2026-11-30T08:00"),
        ("2026-11-30T08:00", "2026-11-30T08:00"),
        ("2026-11-30T08:01", "2026-12-01T08:00"),
        ("2026-11-30T23:59", "2026-12-01T08:00"),
    ],
)
def test_once_a_day_is_at_eight_in_china(at, daily):
    def in_china(text):
        return timezone.make_aware(dt.datetime.fromisoformat(text))

    moment = in_china(at).astimezone(dt.UTC)
    assert due_with_others(NoticeSettings(pace=Pace.DAILY), moment, moment) == in_china(daily)
    assert due_with_others(NoticeSettings(pace=Pace.BUNDLED), moment, moment) == moment + WAITS


def test_a_sum_that_still_grows_does_not_go_out_with_others(db, mail):
    person = member(pace=Pace.BUNDLED)
    said = {"sold_t": 1, "sold_fen": 4_000, "symbol": "TH-35-000001-2025", "trades": 1}
    tell([Telling("trades", Told(person.organisation_id), said, timezone.now(), "", "trades:1")])
    tell_of(person, "甲合作社")
    Message.objects.exclude(notice__kind="trades").update(due_at=timezone.now())
    assert send_due_messages() == 1
    trades = Message.objects.get(notice__kind="trades")
    assert (trades.sent_at, trades.bundle_id) == (None, None)


def test_one_email_tells_so_much_at_most_and_says_how_much_more_there_is(db, mail):
    person = member(pace=Pace.BUNDLED, language="en")
    tell_of(person, *(f"第{number}合作社" for number in range(MOST_LINES + 3)))
    make_due()
    assert send_due_messages() == 1
    for part in parts(mail.letters[0][1]):
        assert part.count("合作社") >= MOST_LINES
        assert "and 3 more" in part
        assert "https://registry.example.cn/notices" in part
    assert Message.objects.filter(sent_at=None).count() == 0


def test_an_attempt_that_fails_is_made_again_in_the_same_words_and_nothing_joins_it(db, mail):
    person = member()
    tell_of(person, "甲合作社", "乙合作社")
    make_due()
    mail.drops = 1
    assert send_due_messages() == 0
    tell_of(person, "丙合作社")
    NoticeSettings.objects.create(person=person.user, email_groups=Group.values, language="en")
    make_due()
    assert send_due_messages() == 2
    first, again, other = (letter for _to, letter in mail.letters)
    assert first["message-id"] == again["message-id"] != other["message-id"]
    assert parts(first) == parts(again)
    assert "丙合作社" not in parts(again)[0]
    assert "丙合作社" in parts(other)[0]


def test_what_is_given_up_is_given_up_with_all_that_was_to_go_with_it(db, mail):
    mail.refusals["lin@example.cn"] = "550 no such person"
    person = member()
    tell_of(person, "甲合作社", "乙合作社")
    make_due()
    assert send_due_messages() == 0
    assert set(Message.objects.values_list("reason", flat=True)) == {"SMTP 550"}
    assert not Message.objects.filter(failed_at=None).exists()
    assert PAUSES


def test_what_goes_with_one_that_is_deleted_goes_by_itself(db, mail):
    person = member()
    tell_of(person, "甲合作社", "乙合作社")
    make_due()
    mail.drops = 1
    send_due_messages()
    Notice.objects.earliest("pk").delete()
    make_due()
    assert send_due_messages() == 1
    assert "乙合作社" in parts(mail.letters[-1][1])[0]


DIES = """
import os, signal
import django
django.setup()
from ledger.notices import sending
def die(*arguments):
    print("there", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(sending, "$where", die)
sending.send_due_messages()
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("where", "letters"), [("_send_one", 1), ("write_notices", 1), ("_sent", 2)])
def test_a_worker_that_dies_loses_nothing_and_sends_nothing_by_a_second_way(mail, where, letters):
    """Before anything is sent, before the words are settled, and after the mail server has it: then it is the same twice."""
    tell_of(member(), "甲合作社", "乙合作社", "丙合作社")
    make_due()
    environment = environment_of_tests() | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "EMAIL_BACKEND": "smtp",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(mail.port),
        "PUBLIC_URL": "https://registry.example.cn",
    }
    worker = subprocess.run(
        [sys.executable, "-c", DIES.replace("$where", where)],
        cwd=BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (worker.stdout, worker.returncode) == ("there\n", -signal.SIGKILL), worker.stderr
    assert send_due_messages() == 0, "until its claim runs out it is the other's"
    make_due(claimed_until=timezone.now() - dt.timedelta(seconds=1))
    assert send_due_messages() == 1
    wait_until(lambda: len(mail.letters) == letters)
    assert len({letter["message-id"] for _to, letter in mail.letters}) == 1
    assert len({parts(letter) for _to, letter in mail.letters}) == 1
    text, _html = parts(mail.letters[0][1])
    assert [text.count(name) > 0 for name in ("甲合作社", "乙合作社", "丙合作社")] == [True] * 3
    assert not Message.objects.filter(sent_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_person_one(mail):
    people = [member(f"{number}@example.cn") for number in range(6)]
    for person in people:
        tell_of(person, "甲合作社", "乙合作社", "丙合作社")
    make_due()
    race(send_due_messages, send_due_messages)
    wait_until(lambda: len(mail.letters) >= len(people))
    assert [len(mail.to(f"{number}@example.cn")) for number in range(6)] == [1] * 6
