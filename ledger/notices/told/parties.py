"""Organisations, members, and what happens to somebody's account."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from ledger.notices.book import Book
from ledger.notices.kinds import NoticeKind, add_kinds
from ledger.notices.models import Group, Severity
from ledger.notices.rules import EVERYONE, OWNERS, REGISTRARS, Telling, Told, on, on_family
from ledger.notices.saying import in_both, tell
from ledger.transparency.following import LoggedRecord


def _organisation(record: LoggedRecord, book: Book) -> dict[str, Any]:
    organisation = book.organisation(record.body)
    said = {"organisation": record.body["organisation"], "id": 0 if organisation is None else organisation.pk}
    return said | {"name": in_both(organisation) if organisation else record.body["name"]}


def _its_people(record: LoggedRecord, book: Book) -> list[Told]:
    organisation = book.organisation(record.body)
    return [] if organisation is None else [Told(organisation.pk, EVERYONE)]


def _registrars(_record: LoggedRecord, book: Book) -> list[Told]:
    return [Told(operator, REGISTRARS) for operator in book.operators]


tell(
    "organisation_applied",
    to=_registrars,
    say=_organisation,
    group=Group.DESK,
    severity=Severity.ACTION,
    title=_("%(name)s applies to join"),
    text=_("Look at the application, and approve it where all is in order."),
    page="admin:ledger_organisation_change",
    place={"object_id": "id"},
    when=lambda record: record.actor != "system",
)
tell(
    "organisation_approved",
    to=_its_people,
    say=_organisation,
    group=Group.SECURITY,
    severity=Severity.ACTION,
    title=_("%(name)s is approved"),
    text=_("Everything is open to you now. What waits for you is under To do."),
    page="work",
)
tell(
    "organisation_suspended",
    to=_its_people,
    say=_organisation,
    group=Group.SECURITY,
    severity=Severity.WARNING,
    title=_("%(name)s is suspended"),
    text=_("Nothing new can be entered. What the organisation has stays its own. Ask the operator for the reason."),
    page="work",
)

# What the parts for members and for accounts record: who reads here what they do not say gets the general words.
MEMBERS = {
    "member_added": _("Somebody acts for %(name)s now"),
    "member_invited": _("Somebody was invited to %(name)s"),
    "member_role_changed": _("The role of a member of %(name)s is another now"),
    "member_removed": _("Somebody does not act for %(name)s any more"),
    "member_left": _("Somebody has left %(name)s"),
}
SECURITY = {
    "security_password_changed": _("Your password was changed"),
    "security_email_changed": _("Your e-mail address was changed"),
    "security_totp_added": _("Two-step verification is on"),
    "security_totp_removed": _("Two-step verification is off"),
    "security_passkey_added": _("A passkey was added"),
    "security_passkey_removed": _("A passkey was removed"),
    "security_codes_made": _("New recovery codes were made"),
    "security_code_used": _("A recovery code was used"),
    "security_new_device": _("Somebody has logged in with your name from a new device"),
    "security_locked": _("Log-in with your name is locked for a while"),
    "security_token_made": _("An API token was made"),
    "security_token_revoked": _("An API token was revoked"),
    "security_sessions_ended": _("Your other devices were logged out"),
}
NOT_YOU = _("If that was not you, change your password at once and tell the operator.")
add_kinds(
    *(NoticeKind(name, Group.SECURITY, title, page="work") for name, title in MEMBERS.items()),
    *(NoticeKind(name, Group.SECURITY, title, NOT_YOU, Severity.WARNING) for name, title in SECURITY.items()),
    NoticeKind("member_changed", Group.SECURITY, _("Something has changed about the members of %(name)s"), page="work"),
    NoticeKind("member_self", Group.SECURITY, _("You act for %(name)s now"), page="work"),
    NoticeKind(
        "security_event", Group.SECURITY, _("Something has changed about your account"), NOT_YOU, Severity.WARNING
    ),
)


@on("member_added")
def _joined(records: Sequence[LoggedRecord], book: Book) -> Iterable[Telling]:
    for record in records:
        organisation = book.organisation(record.body)
        if organisation is not None and record.actor not in ("system", f"user:{record.body.get('user')}"):
            joined = Told(organisation.pk, person=str(record.body.get("user")))
            yield Telling("member_self", joined, {"name": in_both(organisation)}, record.at, record.actor)
    yield from _members_changed(records, book)


@on_family("member_")
def _members_changed(records: Sequence[LoggedRecord], book: Book) -> Iterable[Telling]:
    for record in records:
        organisation = book.organisation(record.body)
        if organisation is None:
            continue
        kind = record.kind if record.kind in MEMBERS else "member_changed"
        said = {"name": in_both(organisation), "recorded": record.kind}
        yield Telling(kind, Told(organisation.pk, OWNERS), said, record.at, record.actor)


@on_family("security_")
def _security(records: Sequence[LoggedRecord], _book: Book) -> Iterable[Telling]:
    for record in records:
        # Whoever did it is told all the same: it may have been somebody else in that person's name.
        person = str(record.body.get("user") or record.actor.removeprefix("user:"))
        kind = record.kind if record.kind in SECURITY else "security_event"
        yield Telling(kind, Told(person=person), {"recorded": record.kind}, record.at)
