"""E-mails: how they are put together. Whatever people have typed is escaped in HTML, and cannot break a header."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from ledger.notices.models import Message, Notice
from ledger.notices.words import say
from ledger.parties.models import User
from ledger.parties.security.emails import verified_address

LONGEST_SUBJECT = 150
MOST_LINES = 30
"""So many notices one e-mail tells at most: the others are in the app."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that an e-mail says, and where it leads."""

    title: str
    text: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What an e-mail says: a subject, and sections of lines, each under its heading."""

    subject: str
    sections: Sequence[tuple[str, Sequence[Line]]]


def one_line(text: str) -> str:
    """Return a text without anything that ends a line, short enough for a subject."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def whole_address(path: str) -> str:
    """Return an address as it leads here from outside; nothing where the site does not know its own."""
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL and path else ""


def write_notices(message: Message, language: str) -> None:
    """Give a message the words of its notice, and of those that go out with it."""
    sent = Message.objects.filter(Q(pk=message.pk) | Q(bundle=message))
    notices = list(Notice.objects.filter(pk__in=sent.values("notice")).order_by("created_at", "pk"))
    with override(language):
        write_letter(message, _letter_of(notices), language)


def _letter_of(notices: Sequence[Notice]) -> Letter:
    """Return what an e-mail says of notices: those about one thing together, the longest known first."""
    by_group: dict[str, list[Line]] = {}
    for notice in notices[:MOST_LINES]:
        said = say(notice)
        line = Line(said.title, said.text, whole_address(said.address))
        by_group.setdefault(notice.get_group_display(), []).append(line)
    first = say(notices[0]).title
    if len(notices) == 1:
        return Letter(first, [("", lines) for lines in by_group.values()])
    more = len(notices) - 1
    subject = ngettext("%(first)s, and %(count)s more notice", "%(first)s, and %(count)s more notices", more)
    sections = [*by_group.items(), ("", lines_of_more(len(notices) - MOST_LINES))]
    return Letter(subject % {"first": first, "count": more}, [(heading, lines) for heading, lines in sections if lines])


def lines_of_more(more: int) -> list[Line]:
    """Return the line that says of how many things an e-mail tells nothing, where there are any."""
    if more <= 0:
        return []
    said = ngettext("and %(count)s more", "and %(count)s more", more) % {"count": more}
    return [Line(said, "", whole_address(reverse("notices")))]


def write_letter(message: Message, letter: Letter, language: str) -> None:
    """Give a message the words of a letter: as text, and as HTML."""
    with override(language):
        context = {
            "letter": letter,
            "language": "en" if language == "en" else "zh-Hans",
            "preferences": whole_address(reverse("notice_preferences")),
        }
        message.subject = one_line(letter.subject)
        message.body = render_to_string("ledger/notices/letter.txt", context).strip() + "\n"
        message.html = render_to_string("ledger/notices/letter.html", context)


def address_for(user: User) -> str:
    """Return where a person's e-mails go: the address that is verified, nothing where there is none."""
    address = verified_address(user)
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address if parseaddr(address)[1] == address else ""


def as_email(message: Message) -> EmailMultiAlternatives:
    """Return a message as an e-mail; its id is the same however often it is sent."""
    domain = settings.LOG_ORIGIN.partition("/")[0] or "tianhui.example"
    email = EmailMultiAlternatives(
        subject=f"[{_('Tianhui')}] {message.subject}",
        body=message.body,
        to=[message.address],
        headers={"Message-ID": f"<{message.public_id}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
    if message.html:
        email.attach_alternative(message.html, "text/html")
    return email
