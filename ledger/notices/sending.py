"""Send what is due: rows are claimed, sent outside of any transaction, and marked one by one.

A worker that dies in between leaves claims that run out; what it had sent but not marked is sent again: the same words, which
are settled before the first attempt, under the same id.
"""

import datetime as dt
import logging
import smtplib
import time
from collections.abc import Sequence

from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import override

from ledger.notices.bundles import APART, gather
from ledger.notices.choices import settings_of_many
from ledger.notices.mail import address_for, as_email, write_notices
from ledger.notices.models import Channel, Message, NoticeSettings
from ledger.notices.sms import GatewayError, gateway, is_sms_possible
from ledger.notices.words import say
from ledger.rows import array_of

logger = logging.getLogger(__name__)

AT_ONCE = 50
CLAIMED_FOR = dt.timedelta(minutes=10)
LONGEST_SECONDS = 20.0
PAUSES = (30, 120, 600, 1_800, 3_600, 3_600 * 4, 3_600 * 12, 3_600 * 24)
"""Seconds after each failed attempt; after the last one a message is given up."""
_LOCK = 0x7469_616E_6875_6E32


class NotSent(Exception):
    """A message has not gone out. `is_final` where it never will."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


def send_due_messages() -> int:
    """Send what is due, for some seconds at most, and return how many went out."""
    until = time.monotonic() + LONGEST_SECONDS
    sent = 0
    while time.monotonic() < until:
        claimed = _claim(AT_ONCE)
        if not claimed:
            break
        sent += _send_all(claimed, until)
    return sent


def _claim(most: int) -> list[Message]:
    """Take messages into one's hands, the longest due first; two workers never take the same.

    What goes out with another is not in what is returned.
    """
    ids = _claim_ids(most)
    if not ids:
        return []
    return list(Message.objects.filter(pk__in=ids).select_related("person", "notice").order_by("due_at", "pk"))


@transaction.atomic
def _claim_ids(most: int) -> set[int]:
    """Locks: an advisory lock, so that of one person's e-mails two workers do not begin two bundles."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(
            """
            UPDATE ledger_message SET claimed_until = %(until)s, attempts = attempts + 1
             WHERE id IN (SELECT id FROM ledger_message message
                           WHERE sent_at IS NULL AND failed_at IS NULL AND due_at <= %(now)s AND bundle_id IS NULL
                             AND (claimed_until IS NULL OR claimed_until < %(now)s)
                             -- Whoever had an e-mail a moment ago gets the next one in a while, with all of it.
                             AND NOT (may_be_bundled AND attempts = 0
                                      AND EXISTS (SELECT FROM ledger_message earlier
                                                   WHERE earlier.person_id = message.person_id
                                                     AND earlier.may_be_bundled AND earlier.sent_at > %(lately)s))
                           ORDER BY due_at, id LIMIT %(most)s
                             FOR UPDATE SKIP LOCKED)
            RETURNING id
            """,
            {"until": now + CLAIMED_FOR, "now": now, "lately": now - APART, "most": most},
        )
        claimed = {row[0] for row in cursor.fetchall()}
    return claimed - gather(claimed) if claimed else claimed


def _send_all(messages: Sequence[Message], until: float) -> int:
    settings = settings_of_many({message.person_id for message in messages})
    # One connection to the mail server for all of them, opened when the first one needs it.
    mail: BaseEmailBackend = get_connection()
    sent = 0
    left = list(messages)
    try:
        while left and time.monotonic() <= until:
            # One at which the worker stumbles keeps its claim, so that the next worker does not stumble at once.
            message = left.pop(0)
            sent += _send_one(message, settings[message.person_id], mail)
    finally:
        _give_back(left)
        _close(mail)
    return sent


def _close(mail: BaseEmailBackend) -> None:
    try:
        mail.close()
    except (OSError, smtplib.SMTPException):
        logger.warning("the mail server has gone before it was said goodbye")


def _give_back(messages: Sequence[Message]) -> None:
    if not messages:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_message SET claimed_until = NULL, attempts = attempts - 1 WHERE id = ANY(%s::bigint[])",
            [array_of(message.pk for message in messages)],
        )


def _send_one(message: Message, settings: NoticeSettings, mail: BaseEmailBackend) -> bool:
    try:
        if message.attempts > len(PAUSES) + 1:
            # Claimed as often as it may be, and never marked: whoever took it in hand did not come back.
            raise NotSent("given_up", is_final=True)
        if message.channel == Channel.EMAIL:
            _by_mail(message, settings, mail)
        else:
            _by_sms(message, settings)
    except NotSent as error:
        _failed(message, error)
        return False
    _sent(message)
    return True


@transaction.atomic
def _sent(message: Message) -> None:
    message.sent_at, message.claimed_until, message.reason = timezone.now(), None, ""
    message.save(update_fields=["sent_at", "claimed_until", "reason", "address", "subject", "body", "html"])
    if message.may_be_bundled:
        Message.objects.filter(bundle=message).update(sent_at=message.sent_at, address=message.address)


def _by_mail(message: Message, settings: NoticeSettings, mail: BaseEmailBackend) -> None:
    message.address = message.address or address_for(message.person)
    if not message.address:
        raise NotSent("no_address", is_final=True)
    if message.notice is not None and not message.body:
        # The next attempt, whoever makes it, is to say the same under the same id.
        write_notices(message, settings.language)
        message.save(update_fields=["address", "subject", "body", "html"])
    try:
        with override(settings.language):
            mail.open()
            mail.send_messages([as_email(message)])
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()), (0, b""))[0]
        raise NotSent(f"SMTP {code}", is_final=500 <= code < 600) from error
    except smtplib.SMTPResponseException as error:
        raise NotSent(f"SMTP {error.smtp_code}") from error
    except (OSError, smtplib.SMTPException) as error:
        # The next one begins with a new connection.
        _close(mail)
        raise NotSent(type(error).__name__) from error


def _by_sms(message: Message, settings: NoticeSettings) -> None:
    if not is_sms_possible():
        raise NotSent("no_gateway", is_final=True)
    if not message.address:
        message.address = settings.phone if settings.phone_confirmed_at else ""
    if not message.address:
        raise NotSent("no_address", is_final=True)
    if message.notice is not None:
        with override(settings.language):
            message.body = say(message.notice).title
    try:
        gateway().send(to=message.address, text=message.body, message_id=str(message.public_id))
    except GatewayError as error:
        raise NotSent(str(error), is_final=error.is_final) from error


@transaction.atomic
def _failed(message: Message, error: NotSent) -> None:
    now = timezone.now()
    message.reason, message.claimed_until = str(error)[:200], None
    if error.is_final or message.attempts > len(PAUSES):
        message.failed_at = now
    else:
        message.due_at = now + dt.timedelta(seconds=PAUSES[message.attempts - 1])
    if str(error) != "no_address":
        logger.warning("message %s (%s) was not sent: %s", message.public_id, message.channel, message.reason)
    message.save(update_fields=["reason", "claimed_until", "failed_at", "due_at", "address"])
    if message.failed_at is not None and message.may_be_bundled:
        Message.objects.filter(bundle=message).update(failed_at=message.failed_at, reason=message.reason)
