"""E-mails and text messages go out by real servers, at least once, and to nobody else."""

import datetime as dt
import os
import signal
import subprocess
import sys

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as configured
from django.utils import timezone
from standardwebhooks import Webhook

from config.run import BASE_DIR
from ledger.errors import InvalidValue, TooManyAttempts
from ledger.models import Message, Notice, NoticeSettings
from ledger.notices import telling
from ledger.notices.choices import after_quiet_hours
from ledger.notices.mail import Letter, Line, one_line, write_letter
from ledger.notices.models import Channel, Group
from ledger.notices.rules import Telling, Told
from ledger.notices.sending import PAUSES, send_due_messages
from ledger.notices.services import Wishes, choose, confirm_phone, send_phone_code
from ledger.notices.telling import tell
from tests.factories import MembershipFactory
from tests.http_server import http_server
from tests.mail_server import mail_server, verify
from tests.running import test_environment as environment_of_tests
from tests.waiting import wait_until

EVIL = '<script>alert(1)</script>"\r\nBcc: victim@example.cn\r\n\r\nand more'


@pytest.fixture
def mail(settings):
    with mail_server() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        settings.EMAIL_TIMEOUT = 5
        settings.PUBLIC_URL = "https://registry.example.cn"
        yield box


@pytest.fixture(autouse=True)
def _each_by_itself(monkeypatch):
    """Let no e-mail wait for others: what goes out together is looked at in test_bundles.py."""
    monkeypatch.setattr(telling, "may_be_bundled", lambda *_settings, **_of: False)


def member(email="lin@example.cn", **more):
    person = MembershipFactory(**more)
    if email:
        verify(person.user, email)
    return person


def tell_of(person, name="上湖合作社", kind="organisation_approved"):
    return tell([Telling(kind, Told(person.organisation_id), {"name": name, "id": 1}, timezone.now())])


def test_an_email_has_text_and_html_in_the_language_of_its_person(db, mail):
    chinese, english = member("a@example.cn"), member("b@example.cn")
    NoticeSettings.objects.create(person=english.user, email_groups=Group.values, language="en")
    tell_of(chinese), tell_of(english, {"zh": "上湖合作社", "en": "Shanghu"})
    assert send_due_messages() == 2
    (letter,) = mail.to("b@example.cn")
    assert letter["subject"] == "[Tianhui] Shanghu is approved"
    assert letter["from"] == configured.DEFAULT_FROM_EMAIL
    text, html = letter.get_body(("plain",)).get_content(), letter.get_body(("html",)).get_content()
    assert "https://registry.example.cn/work" in text
    assert "https://registry.example.cn/notices/preferences" in text
    assert 'lang="en"' in html
    assert 'href="https://registry.example.cn/work"' in html
    (chinese_letter,) = mail.to("a@example.cn")
    assert "上湖合作社" in chinese_letter["subject"]
    assert send_due_messages() == 0


def test_what_people_typed_is_escaped_and_breaks_no_header(db, mail):
    tell_of(member(), EVIL)
    assert send_due_messages() == 1
    ((recipient, letter),) = mail.letters
    assert recipient == "lin@example.cn"
    assert "bcc" not in letter
    assert "\n" not in letter["subject"]
    html = letter.get_body(("html",)).get_content()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_subject_is_one_line_of_bounded_length():
    assert one_line("a\r\nb\tc\u2028d") == "a b c d"
    assert len(one_line("长" * 400)) <= 150


def test_an_address_that_is_not_verified_is_not_written_to(db, mail):
    person = MembershipFactory(user__email="lin@example.cn")
    EmailAddress.objects.create(user=person.user, email="lin@example.cn", verified=False)
    tell_of(person)
    assert Message.objects.count() == 0
    verified = member("wu@example.cn")
    tell_of(verified)
    EmailAddress.objects.update(verified=False)
    assert send_due_messages() == 0
    assert Message.objects.get().reason == "no_address"


def test_twins_have_one_id(db, mail):
    tell_of(member())
    mail.drops = 1
    assert send_due_messages() == 0
    message = Message.objects.get()
    assert (message.sent_at, message.attempts, message.failed_at) == (None, 1, None)
    assert message.due_at > timezone.now() + dt.timedelta(seconds=PAUSES[0] - 5)
    Message.objects.update(due_at=timezone.now())
    assert send_due_messages() == 1
    first, second = (letter["message-id"] for _to, letter in mail.letters)
    assert first == second == f"<{message.public_id}@tianhui.test>"


def test_an_address_that_is_refused_for_good_is_given_up_and_the_others_get_theirs(db, mail):
    mail.refusals["gone@example.cn"] = "550 no such person"
    mail.refusals["busy@example.cn"] = "451 try again"
    for address in ("gone@example.cn", "busy@example.cn", "lin@example.cn"):
        tell_of(member(address))
    assert send_due_messages() == 1
    found = {message.address: message for message in Message.objects.all()}
    assert found["gone@example.cn"].failed_at is not None
    assert found["gone@example.cn"].reason == "SMTP 550"
    assert (found["busy@example.cn"].failed_at, found["busy@example.cn"].sent_at) == (None, None)
    assert len(mail.to("lin@example.cn")) == 1


def test_a_message_is_given_up_in_the_end(db, mail, settings):
    settings.EMAIL_PORT = 1
    tell_of(member())
    for _attempt in range(len(PAUSES) + 1):
        Message.objects.update(due_at=timezone.now())
        assert send_due_messages() == 0
    message = Message.objects.get()
    assert message.failed_at is not None
    assert message.reason == "ConnectionRefusedError"


def test_who_has_no_address_is_not_written_to(db, mail):
    tell_of(member(""))
    assert Message.objects.count() == 0
    tell_of(member("not an address"))
    assert send_due_messages() == 0
    assert Message.objects.get().reason == "no_address"


KILLED = """
import django, time
django.setup()
from ledger.notices import sending
def hang(*arguments):
    print("claimed", flush=True)
    time.sleep(60)
sending._send_one = hang
sending.send_due_messages()
"""


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_worker_had_in_hand_is_sent_by_another(mail):
    tell_of(member())
    environment = environment_of_tests() | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    worker = subprocess.Popen(
        [sys.executable, "-c", KILLED], cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert worker.stdout.readline() == "claimed\n"
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
    assert send_due_messages() == 0, "until its claim runs out it is the other's"
    Message.objects.update(claimed_until=timezone.now() - dt.timedelta(seconds=1))
    assert send_due_messages() == 1
    wait_until(lambda: len(mail.letters) == 1)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-30T23:30", "2026-12-01T07:00"),
        ("2026-12-01T06:59", "2026-12-01T07:00"),
        ("2026-12-01T07:00", "2026-12-01T07:00"),
        ("2026-12-01T21:59", "2026-12-01T21:59"),
        ("2026-12-01T22:00", "2026-12-02T07:00"),
    ],
)
def test_quiet_hours_go_by_the_clock_of_china(at, expected):
    quiet = NoticeSettings(quiet_from=dt.time(22), quiet_until=dt.time(7))

    def in_china(text):
        return timezone.make_aware(dt.datetime.fromisoformat(text))

    assert after_quiet_hours(quiet, in_china(at).astimezone(dt.UTC)) == in_china(expected)


def test_in_quiet_hours_nothing_is_sent_but_warnings(db, mail):
    person = member()
    now = timezone.localtime()
    before, after = (now + dt.timedelta(minutes=minutes) for minutes in (-5, 5))
    NoticeSettings.objects.create(
        person=person.user, email_groups=Group.values, quiet_from=before.time(), quiet_until=after.time()
    )
    tell_of(person)
    assert send_due_messages() == 0
    tell_of(person, kind="organisation_suspended")
    assert send_due_messages() == 1


def test_a_letter_without_a_public_address_leads_nowhere(settings):
    settings.PUBLIC_URL = ""
    message = Message()
    write_letter(message, Letter("A", [("", [Line("A", "B", "")])]), "en")
    assert "href" not in message.html
    assert "http" not in message.body


# Text messages


@pytest.fixture
def gateway(settings):
    with http_server() as inbox:
        settings.SMS_GATEWAY = "ledger.notices.sms.HttpGateway"
        settings.SMS_GATEWAY_URL = inbox.url("/send")
        settings.SMS_GATEWAY_SECRET = "a-secret"
        yield inbox


def wishes(**more):
    return Wishes(
        **{"email_groups": [], "sms_groups": [], "muted_groups": [], "digest": "off", "language": "en"} | more
    )


def test_without_a_gateway_nobody_can_choose_text_messages(db):
    user = member().user
    with pytest.raises(InvalidValue) as refusal:
        choose(person=user, wishes=wishes(sms_groups=[Group.MONEY]))
    assert refusal.value.field == "sms_groups"
    with pytest.raises(InvalidValue):
        send_phone_code(person=user, phone="13800138000")


def test_a_phone_is_confirmed_by_a_code_and_gets_signed_messages(db, gateway):
    person = member("")
    choose(person=person.user, wishes=wishes())
    with pytest.raises(InvalidValue):
        choose(person=person.user, wishes=wishes(sms_groups=[Group.SECURITY]))
    send_phone_code(person=person.user, phone="138 0013 8000")
    with pytest.raises(TooManyAttempts):
        send_phone_code(person=person.user, phone="13800138000")
    assert send_due_messages() == 1
    (asked,) = gateway.asked
    said = Webhook(b"a-secret").verify(asked.body, asked.headers)
    message = Message.objects.get()
    assert (said["to"], said["id"]) == ("13800138000", str(message.public_id))
    code = said["text"].split("is ")[1][:6]
    with pytest.raises(InvalidValue):
        confirm_phone(person=person.user, code="1234567")
    confirm_phone(person=person.user, code=code)
    with pytest.raises(InvalidValue):
        confirm_phone(person=person.user, code=code)
    choose(person=person.user, wishes=wishes(sms_groups=[Group.SECURITY]))
    tell_of(person)
    assert send_due_messages() == 1
    assert Message.objects.filter(channel=Channel.SMS, notice__isnull=False).get().address == "13800138000"


def test_five_guesses_are_all(db, gateway):
    user = member().user
    send_phone_code(person=user, phone="+85251234567")
    for _guess in range(5):
        with pytest.raises(InvalidValue):
            confirm_phone(person=user, code="no")
    assert NoticeSettings.objects.get().phone_code_hash is None


def test_a_gateway_that_refuses_is_tried_again_or_given_up(db, gateway):
    user = member().user
    gateway.answer = lambda _asked: (503, {}, b"")
    send_phone_code(person=user, phone="13800138000")
    assert send_due_messages() == 0
    assert Message.objects.get().failed_at is None
    gateway.answer = lambda _asked: (400, {}, b"")
    Message.objects.update(due_at=timezone.now())
    assert send_due_messages() == 0
    assert Message.objects.get().failed_at is not None


class StumblingGateway:
    """A gateway that somebody wrote badly."""

    def send(self, *, to, text, message_id):
        raise RuntimeError("no such thing")


def test_a_message_at_which_the_worker_stumbles_holds_up_no_other_and_is_given_up(db, mail, gateway, settings):
    send_phone_code(person=member("other@example.cn").user, phone="13800138000")
    tell_of(member())
    Message.objects.filter(channel="sms").update(due_at=timezone.now() - dt.timedelta(minutes=1))
    settings.SMS_GATEWAY = "tests.ledger.notices.test_sending.StumblingGateway"
    with pytest.raises(RuntimeError):
        send_due_messages()
    assert send_due_messages() == 1
    assert len(mail.to("lin@example.cn")) == 1
    stumbled = Message.objects.filter(channel="sms")
    for _claim in range(len(PAUSES)):
        stumbled.update(claimed_until=timezone.now() - dt.timedelta(seconds=1))
        with pytest.raises(RuntimeError):
            send_due_messages()
    stumbled.update(claimed_until=timezone.now() - dt.timedelta(seconds=1))
    assert send_due_messages() == 0
    assert (stumbled.get().reason, stumbled.get().failed_at is None) == ("given_up", False)


@pytest.mark.parametrize("phone", ["", "12", "abc", "+86 1380", "13800138000; rm", "1" * 40])
def test_what_is_no_number_is_refused(db, gateway, phone):
    with pytest.raises(InvalidValue) as refusal:
        send_phone_code(person=member().user, phone=phone)
    assert refusal.value.field == "phone"
    assert Message.objects.count() == Notice.objects.count() == 0
