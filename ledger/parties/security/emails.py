"""A person's e-mail address: optional, one, and believed only once a mail to it was answered."""

from collections.abc import Callable

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue
from ledger.parties.attempts import count_mail
from ledger.parties.models import User
from ledger.parties.security.later import later
from ledger.parties.security.models import EventOrigin, SecurityEvent
from ledger.parties.security.passwords import reset_link
from ledger.parties.security.services import NOWHERE, Origin, record_security_event

SALT = "ledger.parties.security.emails"
LINK_SECONDS = 3 * 24 * 60 * 60
LanguageOf = Callable[[User], str]
"""In which language a person is written to: their own, of which this floor knows nothing."""


def verified_address(user: User) -> str:
    """Return the address to which a person can be written; empty where none is verified."""
    found = EmailAddress.objects.filter(user_id=user.pk, verified=True).order_by("-primary", "pk").first()
    return found.email if found else ""


def waiting_address(user: User) -> str:
    """Return the address that a person has given and not verified yet; empty where there is none."""
    found = EmailAddress.objects.filter(user_id=user.pk, verified=False).order_by("-pk").first()
    return found.email if found else ""


@transaction.atomic
def ask_for_address(*, user: User, email: str, site: str, origin: Origin) -> EmailAddress:
    """Note a new address and send a link to it; until it is followed, the old address stays.

    Whether somebody else has the address is not said here: the link would tell only who reads its mail.

    Locks: the person.
    Raises: InvalidValue, TooManyAttempts.
    """
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidValue(field="email", reason=_("This is no e-mail address.")) from error
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if email == verified_address(user):
        raise InvalidValue(field="email", reason=_("This is your address already."))
    count_mail(mailbox=email, address=origin.address)
    EmailAddress.objects.filter(user_id=user.pk, verified=False).delete()
    address = EmailAddress.objects.create(user=user, email=email)
    later("mail_verification", address_id=address.pk, site=site, language=translation.get_language())
    return address


@transaction.atomic
def confirm_address(*, word: str, origin: Origin = NOWHERE) -> EmailAddress:
    """Believe an address, by the word of the link that was sent to it; it takes the place of the old one.

    Locks: the person.
    Raises: InvalidValue.
    """
    named = address_of_word(word)
    if named is None:
        raise _link_is_over()
    user = User.objects.select_for_update(of=("self",)).get(pk=named.user_id)
    # Read after the lock: it may have been removed meanwhile, and would come back.
    address = address_of_word(word)
    if address is None:
        raise _link_is_over()
    former = verified_address(user)
    EmailAddress.objects.filter(user_id=user.pk).exclude(pk=address.pk).delete()
    address.verified = address.primary = True
    try:
        with transaction.atomic():
            address.save()
    except IntegrityError as error:
        # Somebody else has this address: who reads its mail learns it, and nobody else.
        raise InvalidValue(reason=_("This address belongs to another account. Remove it there first.")) from error
    user.email = address.email
    user.save(update_fields=["email"])
    event = record_security_event(user=user, kind=SecurityEvent.Kind.EMAIL_CHANGED, origin=origin)
    if former:
        later("mail_security_event", event_id=event.pk, to=former, language=translation.get_language())
    return address


@transaction.atomic
def remove_address(*, user: User, origin: Origin = NOWHERE) -> None:
    """Forget a person's address; nothing can be sent any more, neither warnings nor a link to a new password.

    Locks: the person.
    """
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    former = verified_address(user)
    EmailAddress.objects.filter(user_id=user.pk).delete()
    user.email = ""
    user.save(update_fields=["email"])
    if former:
        event = record_security_event(user=user, kind=SecurityEvent.Kind.EMAIL_CHANGED, origin=origin)
        later("mail_security_event", event_id=event.pk, to=former, language=translation.get_language())


def word_for(address: EmailAddress) -> str:
    """Return the word of the link that proves that a mail to an address was read."""
    return signing.dumps([address.pk, address.email], salt=SALT)


def address_of_word(word: str) -> EmailAddress | None:
    """Return the address that a link's word is for; None where it is wrong, used, or too old."""
    try:
        pk, email = signing.loads(word, salt=SALT, max_age=LINK_SECONDS)
    except signing.BadSignature:
        return None
    return EmailAddress.objects.select_related("user").filter(pk=pk, email=email, verified=False).first()


def ask_for_reset(*, email: str, site: str, origin: Origin) -> None:
    """Have a link to a new password sent to a verified address. What is answered, and how fast, tells nobody of whom it is.

    Raises: TooManyAttempts.
    """
    count_mail(mailbox=email.strip(), address=origin.address)
    later("mail_password_reset", email=email.strip().lower(), site=site, language=translation.get_language())


def mail_password_reset(*, email: str, site: str, language_of: LanguageOf) -> None:
    """Send the link to a new password to whoever has verified this address; to nobody where nobody has."""
    address = (
        EmailAddress.objects.select_related("user").filter(email=email, verified=True, user__is_active=True).first()
    )
    if address is None:
        return
    link = reset_link(address.user)
    url = site + reverse("password_reset_link", kwargs=link._asdict())
    _send("password_reset", address.email, {"person": address.user, "url": url}, language_of(address.user))


def mail_verification(*, address_id: int, site: str, language_of: LanguageOf) -> None:
    """Send the link that verifies an address, where it still waits for it."""
    address = EmailAddress.objects.select_related("user").filter(pk=address_id, verified=False).first()
    if address is not None:
        url = site + reverse("email_confirm", kwargs={"word": word_for(address)})
        _send("verification", address.email, {"person": address.user, "url": url}, language_of(address.user))


def mail_security_event(*, event_id: int, to: str, language_of: LanguageOf) -> None:
    """Tell an address that is the person's no more what happened: who took the account over has changed it first."""
    event = SecurityEvent.objects.select_related("user").get(pk=event_id)
    origin = EventOrigin.objects.filter(pk=event.pk).first()
    _send("event", to, {"person": event.user, "event": event, "origin": origin}, language_of(event.user))


def _send(name: str, recipient: str, context: dict[str, object], language: str) -> None:
    with translation.override(language), timezone.override(settings.TIME_ZONE):
        subject = " ".join(render_to_string(f"ledger/security/mail/{name}_subject.txt", context).split())
        text = render_to_string(f"ledger/security/mail/{name}.txt", context)
        # The same words: an address within them is a link where it is ours, and nothing else ever is.
        letter = {"subject": subject, "language": language, "before": text, "url": context.get("url"), "after": ""}
        if letter["url"]:
            letter["before"], letter["after"] = text.split(str(letter["url"]), 1)
        html = render_to_string("ledger/security/mail/letter.html", letter)
    send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [recipient], html_message=html)


def _link_is_over() -> InvalidValue:
    return InvalidValue(reason=_("This link was used already, or is too old. Ask for another one."))
