"""What people do about notices: read them, and choose how they are told."""

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotFound, TooManyAttempts
from ledger.notices.choices import settings_of
from ledger.notices.models import Channel, Group, Message, Notice, NoticeSettings
from ledger.notices.sms import is_sms_possible
from ledger.parties.models import User

PHONE = re.compile(r"(?:\+86)?1[3-9][0-9]{9}|\+[1-9][0-9]{6,14}")
CODE_STANDS = dt.timedelta(minutes=10)
CODE_AGAIN = dt.timedelta(minutes=1)
MOST_GUESSES = 5


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a person wants to be told."""

    email_groups: Sequence[str]
    sms_groups: Sequence[str]
    muted_groups: Sequence[str]
    digest: str
    language: str
    pace: str = NoticeSettings.Pace.BUNDLED
    quiet_from: dt.time | None = None
    quiet_until: dt.time | None = None


@transaction.atomic
def read_notice(*, person: User, notice_id: int) -> Notice:
    """Mark a notice of one's own as read, and return it.

    Raises: NotFound.
    """
    notice = Notice.objects.filter(pk=notice_id, person=person).first()
    if notice is None:
        raise NotFound()
    if notice.read_at is None:
        notice.read_at = timezone.now()
        notice.save(update_fields=["read_at"])
    return notice


@transaction.atomic
def read_all_notices(*, person: User, up_to: int | None = None, group: str = "") -> int:
    """Mark all notices as read, up to the newest that one has seen, and return how many there were."""
    unread = Notice.objects.filter(person=person, read_at__isnull=True)
    if up_to is not None:
        unread = unread.filter(pk__lte=up_to)
    if group:
        unread = unread.filter(group=group)
    return unread.update(read_at=timezone.now())


@transaction.atomic
def choose(*, person: User, wishes: Wishes) -> NoticeSettings:
    """Keep how a person wants to be told.

    Locks: the person's settings.
    Raises: InvalidValue.
    """
    _check(wishes)
    chosen = _own(person)
    for name in ("email_groups", "sms_groups", "muted_groups"):
        setattr(chosen, name, sorted(set(getattr(wishes, name))))
    chosen.digest, chosen.language, chosen.pace = wishes.digest, wishes.language, wishes.pace
    chosen.quiet_from, chosen.quiet_until = wishes.quiet_from, wishes.quiet_until
    if chosen.sms_groups and chosen.phone_confirmed_at is None:
        raise InvalidValue(field="sms_groups", reason=_("Confirm your phone number first."))
    chosen.save()
    return chosen


@transaction.atomic
def choose_language(*, person: User, language: str) -> None:
    """Keep in which language a person is written to.

    Locks: the person's settings.
    Raises: InvalidValue.
    """
    if language not in dict(settings.LANGUAGES):
        raise InvalidValue(field="language", reason=_("There is no such language."))
    chosen = _own(person)
    if chosen.language != language:
        chosen.language = language
        chosen.save(update_fields=["language"])


def _check(wishes: Wishes) -> None:
    for name in ("email_groups", "sms_groups", "muted_groups"):
        if not set(getattr(wishes, name)) <= set(Group.values):
            raise InvalidValue(field=name, reason=_("There is no such kind of notices."))
    if wishes.digest not in NoticeSettings.Digest.values:
        raise InvalidValue(field="digest", reason=_("A digest comes each day, each week or not at all."))
    if wishes.pace not in NoticeSettings.Pace.values:
        raise InvalidValue(field="pace", reason=_("E-mails come at once, bundled or once a day."))
    if wishes.language not in dict(settings.LANGUAGES):
        raise InvalidValue(field="language", reason=_("There is no such language."))
    if (wishes.quiet_from is None) != (wishes.quiet_until is None):
        raise InvalidValue(field="quiet_until", reason=_("Give both ends of the quiet hours, or none."))
    if wishes.sms_groups and not is_sms_possible():
        raise InvalidValue(field="sms_groups", reason=_("There is no gateway for text messages."))


def _own(person: User) -> NoticeSettings:
    """Return a person's settings, locked; made of the defaults where there were none."""
    NoticeSettings.objects.bulk_create([settings_of(person)], ignore_conflicts=True)
    return NoticeSettings.objects.select_for_update(of=("self",)).get(person=person)


@transaction.atomic
def send_phone_code(*, person: User, phone: str) -> NoticeSettings:
    """Send a code to a phone: who can read it confirms that the number is theirs.

    Locks: the person's settings.
    Raises: InvalidValue for what is no number, TooManyAttempts within a minute of the last code.
    """
    if not is_sms_possible():
        raise InvalidValue(field="phone", reason=_("There is no gateway for text messages."))
    phone = re.sub(r"[\s()-]", "", phone)
    if not PHONE.fullmatch(phone):
        raise InvalidValue(field="phone", reason=_("Give a mobile number, such as 138 0013 8000 or +852 5123 4567."))
    chosen, now = _own(person), timezone.now()
    if chosen.phone_code_sent_at is not None and now - chosen.phone_code_sent_at < CODE_AGAIN:
        raise TooManyAttempts(seconds=int(CODE_AGAIN.total_seconds()))
    code = f"{secrets.randbelow(1_000_000):06d}"
    if chosen.phone != phone:
        chosen.phone, chosen.phone_confirmed_at, chosen.sms_groups = phone, None, []
    chosen.phone_code_hash, chosen.phone_code_sent_at, chosen.phone_guesses = _hashed(code, person), now, 0
    chosen.save()
    with override(chosen.language):
        text = gettext("Your code for Tianhui is %(code)s. It is good for ten minutes.") % {"code": code}
    Message.objects.create(person=person, channel=Channel.SMS, address=phone, body=text, created_at=now, due_at=now)
    return chosen


@transaction.atomic
def _confirm(person: User, code: str) -> NoticeSettings | None:
    """Take a guess; None where it is wrong: the guess is counted all the same."""
    chosen = _own(person)
    sent_at, now = chosen.phone_code_sent_at, timezone.now()
    if chosen.phone_code_hash is None or sent_at is None or now - sent_at > CODE_STANDS:
        return None
    chosen.phone_guesses += 1
    is_right = secrets.compare_digest(bytes(chosen.phone_code_hash), _hashed(code.strip(), person))
    if is_right:
        chosen.phone_confirmed_at = now
    if is_right or chosen.phone_guesses >= MOST_GUESSES:
        chosen.phone_code_hash = None
    chosen.save()
    return chosen if is_right else None


def confirm_phone(*, person: User, code: str) -> NoticeSettings:
    """Take the code that was sent to a phone, and the number is confirmed.

    Raises: InvalidValue for a wrong code, one that is too old, and any after five guesses.
    """
    chosen = _confirm(person, code)
    if chosen is None:
        raise InvalidValue(field="code", reason=_("This is not the code, or it is over. Have a new one sent."))
    return chosen


def _hashed(code: str, person: User) -> bytes:
    return hashlib.sha256(f"{person.public_id}:{code}".encode()).digest()
