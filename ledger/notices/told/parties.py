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


def _severity(kind: str) -> Severity:
    """Return how much it matters: what waits for a second person needs somebody."""
    return Severity.ACTION if kind.endswith(("_proposed", "_requested")) else Severity.INFO


def _members_page(kind: str) -> str:
    """Return where it leads: what waits for a second person of the operator is decided at the desk."""
    return "admin:queue" if kind.endswith("_proposed") else "work"


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

# What is recorded of members: to the owners, and to the person where it is about somebody.
MEMBERS = {
    "member_added": _("Somebody acts for %(name)s now"),
    "member_invited": _("Somebody was invited to %(name)s"),
    "member_invitation_proposed": _("An invitation to %(name)s waits for a second person"),
    "member_invitation_confirmed": _("An invitation to %(name)s is confirmed"),
    "member_invitation_withdrawn": _("An invitation to %(name)s is withdrawn"),
    "member_role_changed": _("The role of a member of %(name)s is another now"),
    "member_removed": _("Somebody does not act for %(name)s any more"),
    "member_left": _("Somebody has left %(name)s"),
    "member_change_proposed": _("A change among the members of %(name)s waits for a second person"),
    "member_change_confirmed": _("A change among the members of %(name)s is confirmed"),
    "member_change_refused": _("A change among the members of %(name)s is refused"),
}
TO_MEMBER = {
    "member_added": _("You act for %(name)s now"),
    "member_role_changed": _("Your role in %(name)s is another now"),
    "member_removed": _("You do not act for %(name)s any more"),
}
# Who accepts an invitation is added by it, which is told already.
SAID_BY_OTHERS = ("member_invitation_accepted",)

# What is recorded of accounts. An e-mail about it comes from there (ledger/parties/security), hence none from here.
SECURITY = {
    "security_new_device": _("Somebody has logged in with your name from a new device"),
    "security_locked": _("Log-in with your name is locked for a while"),
    "security_password_changed": _("Your password was changed"),
    "security_password_reset": _("Your password was set anew by e-mail"),
    "security_email_changed": _("Your e-mail address was changed"),
    "security_factor_added": _("A second factor was added to your account"),
    "security_factor_removed": _("A second factor was removed from your account"),
    "security_factors_reset": _("The operator has reset your second factors"),
    "security_recovery_codes_made": _("New recovery codes were made"),
    "security_recovery_code_used": _("A recovery code was used"),
    "security_token_made": _("An API token was made"),
    "security_token_revoked": _("An API token was revoked"),
    "security_account_locked": _("Your account was locked by the operator"),
    "security_account_unlocked": _("Your account was unlocked by the operator"),
}
EVERYDAY = ("security_logged_in", "security_session_ended")
RESETS = {
    "security_reset_requested": _("The reset of somebody's second factors waits for a second person"),
    "security_reset_confirmed": _("The reset of somebody's second factors is confirmed"),
    "security_reset_refused": _("The reset of somebody's second factors is refused"),
    "security_erasure_requested": _("The erasure of somebody's data waits for a second person"),
    "security_erasure_confirmed": _("Somebody's data are erased"),
    "security_erasure_refused": _("The erasure of somebody's data is refused"),
    "household_erasure_requested": _("The erasure of a household's data waits for a second person"),
    "household_erasure_confirmed": _("A household's data are erased"),
    "household_erasure_refused": _("The erasure of a household's data is refused"),
}
INCIDENTS = {
    "incident_begun": _("Something is frozen: see the head of every page"),
    "incident_lift_requested": _("The lift of a freeze waits for a second person"),
    "incident_lift_refused": _("A freeze stays"),
    "incident_lifted": _("A freeze is lifted"),
}
# Whoever may decide is told, and led to what there is to decide: by how the kind begins, to which page, by what of the record.
DECIDERS = {
    "security_reset": (("owner", "registrar"), "admin:ledger_factorreset_change", "reset"),
    "security_erasure": (("owner", "registrar"), "admin:ledger_erasure_change", "erasure"),
    "household_erasure": (("owner", "registrar"), "admin:ledger_erasure_change", "erasure"),
    "incident": (("owner", "registrar", "treasurer"), "admin:ledger_incident_change", "incident"),
}
NOT_YOU = _("If that was not you, change your password at once and tell the operator.")
GENERAL = _("Something has changed about your account")


def _decided(recorded: str) -> tuple[tuple[str, ...], str, str]:
    return next(found for beginning, found in DECIDERS.items() if recorded.startswith(beginning))


add_kinds(
    *(
        NoticeKind(name, Group.SECURITY, title, severity=_severity(name), page=_members_page(name))
        for name, title in MEMBERS.items()
    ),
    *(NoticeKind(f"{name}_self", Group.SECURITY, title, page="work") for name, title in TO_MEMBER.items()),
    *(
        NoticeKind(name, Group.SECURITY, title, NOT_YOU, Severity.WARNING, "security", is_mailed=False)
        for name, title in SECURITY.items()
    ),
    *(
        NoticeKind(name, Group.DESK, title, severity=_severity(name), page=_decided(name)[1], place={"object_id": "id"})
        for name, title in (RESETS | INCIDENTS).items()
    ),
    NoticeKind("member_changed", Group.SECURITY, _("Something has changed about the members of %(name)s"), page="work"),
    NoticeKind("security_event", Group.SECURITY, GENERAL, NOT_YOU, Severity.WARNING, "security"),
    NoticeKind(
        "token_expiring",
        Group.SECURITY,
        _("An API token of yours ends on %(expires_at)s"),
        _("Make a new one before, where a program uses it."),
        Severity.ACTION,
        "tokens",
    ),
)


@on_family("member_")
def _members_changed(records: Sequence[LoggedRecord], book: Book) -> Iterable[Telling]:
    for record in records:
        organisation = book.organisation(record.body)
        if organisation is None or record.kind in SAID_BY_OTHERS:
            continue
        said = {"name": in_both(organisation), "recorded": record.kind}
        person = str(record.body.get("user", ""))
        if person and record.kind in TO_MEMBER and record.actor not in ("system", f"user:{person}"):
            told = Told(organisation.pk, person=person)
            yield Telling(f"{record.kind}_self", told, said, record.at, record.actor)
        kind = _waiting_kind(record.kind, organisation.pk in book.operators)
        # The operator's registrars decide, too, while there is one owner alone.
        roles = (*OWNERS, *REGISTRARS) if kind.endswith("_proposed") else OWNERS
        yield Telling(kind, Told(organisation.pk, roles), said, record.at, record.actor)


def _waiting_kind(recorded: str, is_of_operator: bool) -> str:
    """Return as what it is told: an invitation to the operator is worth nothing before another has confirmed it."""
    if recorded == "member_invited" and is_of_operator:
        return "member_invitation_proposed"
    return recorded if recorded in MEMBERS else "member_changed"


@on(*RESETS, *INCIDENTS)
def _decisions(records: Sequence[LoggedRecord], book: Book) -> Iterable[Telling]:
    for record in records:
        roles, _page, name = _decided(record.kind)
        said = {"id": int(record.body[name])}
        for operator in book.operators:
            yield Telling(record.kind, Told(operator, roles), said, record.at, record.actor)


@on_family("security_")
def _security(records: Sequence[LoggedRecord], _book: Book) -> Iterable[Telling]:
    for record in records:
        if record.kind in EVERYDAY:
            continue
        # Whoever did it is told all the same: it may have been somebody else in that person's name.
        person = str(record.body.get("user") or record.actor.removeprefix("user:"))
        kind = record.kind if record.kind in SECURITY else "security_event"
        yield Telling(kind, Told(person=person), {"recorded": record.kind}, record.at)


@on("token_expiring")
def _expiring(records: Sequence[LoggedRecord], _book: Book) -> Iterable[Telling]:
    for record in records:
        said = {"expires_at": str(record.body.get("expires_at", ""))}
        yield Telling("token_expiring", Told(person=str(record.body.get("user"))), said, record.at)
