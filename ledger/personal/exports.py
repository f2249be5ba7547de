"""Everything that is kept of one person, or of one household, in one JSON document: to read, and to take elsewhere."""

from typing import Any

import orjson
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.http import HttpResponse
from django.utils import timezone

from ledger.credits.sharing.models import HouseholdLink, Share
from ledger.journal.models import Account, PayoutLine
from ledger.notices.models import Message, Notice, NoticeSettings
from ledger.parties.models import ApiToken, Household, Invitation, Membership, User
from ledger.parties.security.models import AccountLock, FactorReset, SecurityEvent
from ledger.parties.security.sessions import sessions_of
from ledger.projects.models import Parcel

MOST = 20_000
"""Rows of a list at most: nobody's account comes near."""


def data_of_person(user: User) -> dict[str, Any]:
    """Return all that is kept of a person: no secret, no password, no hash of either."""
    settings = NoticeSettings.objects.filter(person=user).first()
    return {
        "exported_at": timezone.now(),
        "person": {
            "public_id": user.public_id,
            "username": user.username,
            "name": user.display_name,
            "email": user.email,
            "signed_up_at": user.date_joined,
            "last_log_in_at": user.last_login,
            "is_active": user.is_active,
        },
        "emails": _rows(EmailAddress.objects.filter(user_id=user.pk), "email", "verified", "primary"),
        "memberships": _rows(Membership.objects.filter(user=user), "organisation__name", "role"),
        "second_factors": [
            {"type": each.type, "name": each.data.get("name", ""), "set_up_at": each.created_at}
            for each in Authenticator.objects.filter(user_id=user.pk).order_by("pk")
        ],
        "sessions": _rows(sessions_of(user), "ip", "user_agent", "created_at", "last_seen_at"),
        "security_events": _rows(
            SecurityEvent.objects.filter(user=user).order_by("pk"), "kind", "at", "origin__address", "origin__browser"
        ),
        "resets_of_second_factors": _rows(
            FactorReset.objects.filter(user=user).order_by("pk"), "reason", "status", "requested_at", "decided_at"
        ),
        "locks": _rows(AccountLock.objects.filter(user=user).order_by("pk"), "reason", "locked_at", "unlocked_at"),
        "tokens": _rows(
            ApiToken.objects.filter(user=user).order_by("pk"),
            *("name", "prefix", "scopes", "networks", "created_at", "expires_at", "revoked_at", "last_used_at"),
        ),
        "invitations_made": _rows(
            Invitation.objects.filter(invited_by=user).order_by("pk"), "note", "role", "invited_at"
        ),
        "how_to_be_told": None
        if settings is None
        else {
            "phone": settings.phone,
            "phone_confirmed_at": settings.phone_confirmed_at,
            "language": settings.language,
            "email_groups": settings.email_groups,
            "sms_groups": settings.sms_groups,
            "pace": settings.pace,
            "digest": settings.digest,
        },
        "notices": _rows(
            Notice.objects.filter(person=user).order_by("pk"), "kind", "parameters", "created_at", "read_at"
        ),
        "messages": _rows(
            Message.objects.filter(person=user).order_by("pk"), "channel", "address", "subject", "body", "sent_at"
        ),
    }


def data_of_household(household: Household) -> dict[str, Any]:
    """Return all that is kept of a member household. Units: fen, hectares."""
    accounts = Account.objects.filter(household=household)
    return {
        "exported_at": timezone.now(),
        "household": {
            "public_id": household.public_id,
            "cooperative": household.cooperative.name,
            "code": household.code,
            "name": household.name,
            "member_since": household.created_at,
            "left_at": household.left_at,
        },
        "fields": [
            {"project": each.project.code, "field": each.code, "area_ha": each.area_ha, "geometry": each.geometry}
            for each in Parcel.objects.filter(household=household).select_related("project").order_by("pk")[:MOST]
        ],
        "shares": _rows(
            Share.objects.filter(household=household).order_by("pk"),
            *("distribution_id", "area_ha", "contribution", "amount_fen"),
        ),
        "accounts": _rows(accounts.order_by("pk"), "id", "balance", "held"),
        "payouts": _rows(
            PayoutLine.objects.filter(account__in=accounts).order_by("pk"), "payout_id", "amount_fen", "payout__status"
        ),
        "personal_link": _rows(HouseholdLink.objects.filter(household=household), "made_at", "revoked_at"),
    }


def as_file(data: dict[str, Any], name: str) -> HttpResponse:
    """Return a document for download: indented, in UTF-8, kept by nobody on the way."""
    content = orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC, default=str)
    return HttpResponse(
        content,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}.json"', "Cache-Control": "no-store"},
    )


def _rows(found: Any, *fields: str) -> list[dict[str, Any]]:
    return list(found.values(*fields)[:MOST])
