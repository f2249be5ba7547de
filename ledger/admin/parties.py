"""Organisations, people, who acts for whom, and keys to the API."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ledger.admin.accounts import REQUEST as REQUEST_RESET
from ledger.admin.actions import Action
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import Table, amount_of, held_on, link, list_url, moment
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.errors import InvalidValue
from ledger.journal.models import Account
from ledger.journal.selectors import holdings, sealed_accounts
from ledger.parties.models import Membership, Organisation, User
from ledger.parties.second_factor import has_second_factor
from ledger.parties.services import ROLES_BY_KIND, add_member, approve_organisation, suspend_organisation

SHOWN = 20
# What the log says of an organisation.
RECORDS = ("organisation_applied", "organisation_approved", "organisation_suspended", "member_added")

APPROVE = Action(
    name="approve",
    label=_("Approve the organisation"),
    explanation=_("It may then register projects, trade or verify, each by its kind. An auditor may read everything."),
    done=_("%(object)s is approved."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, organisation, _values: approve_organisation(actor=actor, organisation_id=organisation.pk),
    makers=("applied_by_id",),
    is_due=lambda organisation: not organisation.is_approved,
)
SUSPEND = Action(
    name="suspend",
    label=_("Suspend the organisation"),
    explanation=_("It can enter nothing new; what it has stays its own. It can be approved again."),
    done=_("%(object)s is suspended."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, organisation, _values: suspend_organisation(actor=actor, organisation_id=organisation.pk),
    is_due=lambda organisation: organisation.is_approved and organisation.kind != Organisation.Kind.OPERATOR,
    is_grave=True,
)


class OrganisationAdmin(ViewOnlyAdmin):
    list_display = ("name", "name_en", "kind", "status", "created_at", "approved_at")
    list_filter = ("status", "kind")
    search_fields = ("name", "name_en", "credit_code")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    fields = (
        "name",
        "name_en",
        "kind",
        "status",
        "credit_code",
        "public_id",
        "applied_by",
        "created_at",
        "approved_by",
        "approved_at",
    )
    object_actions = (APPROVE, SUSPEND)

    def record_ids(self, target: Organisation) -> RecordIds:
        return ids_naming(Named(RECORDS, {"organisation": str(target.public_id)}))

    def facts(self, target: Organisation) -> list[Fact]:
        return [
            (_("Kind"), target.get_kind_display()),
            (_("Status"), target.get_status_display()),
            (_("Unified social credit code"), target.credit_code or _("none given")),
            (_("Applied by"), link(target.applied_by)),
            (_("Applied at"), moment(target.created_at)),
        ]

    def tables(self, target: Organisation) -> list[Table]:
        return [_people(target), _accounts(target)]


def _people(organisation: Organisation) -> Table:
    memberships = organisation.memberships.select_related("user").order_by("id")[:SHOWN]
    rows: list[tuple[object, ...]] = [
        (link(membership.user), membership.user.username, membership.get_role_display()) for membership in memberships
    ]
    columns = (str(_("Person")), str(_("User name")), str(_("Role")))
    return Table(str(_("People")), columns, rows, list_url(Membership, organisation=organisation.pk))


def _accounts(organisation: Organisation) -> Table:
    accounts = list(holdings(organisation)[:SHOWN])
    sealed = sealed_accounts(accounts)
    rows: list[tuple[object, ...]] = [
        (
            link(account, account.asset.code),
            amount_of(account.asset, account.balance),
            *held_on(account, account.asset, sealed),
        )
        for account in accounts
    ]
    columns = (str(_("Asset")), str(_("Balance")), str(_("Held")), str(_("Available")))
    all_url = list_url(Account, organisation=organisation.pk)
    return Table(str(_("Accounts")), columns, rows, all_url, figures=frozenset({1, 2, 3}))


class UserAdmin(ViewOnlyAdmin):
    list_display = ("username", "display_name", "organisation", "is_active", "date_joined", "last_login")
    list_filter = ("is_active", "memberships__organisation__kind")
    search_fields = ("username", "display_name", "public_id__exact")
    ordering = ("-id",)
    # The password's hash is nobody's to see.
    fields = (
        "username",
        "display_name",
        "email",
        "public_id",
        "organisation",
        "is_active",
        "is_staff",
        "has_second_factor",
        "date_joined",
        "last_login",
    )

    object_actions = (REQUEST_RESET,)

    def record_ids(self, target: User) -> RecordIds:
        return ids_naming(Named(("member_added",), {"user": str(target.public_id)}))

    @admin.display(description=_("two-step verification"), boolean=True)
    def has_second_factor(self, user: User) -> bool:
        return has_second_factor(user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("memberships__organisation")

    @admin.display(description=_("acts for"))
    def organisation(self, user: User) -> str:
        return ", ".join(f"{each.organisation} · {each.get_role_display()}" for each in user.memberships.all())


class NewMemberForm(forms.Form):
    username = forms.CharField(
        label=_("User name"), max_length=150, help_text=_("The person has signed up, and acts for nobody yet.")
    )
    role = forms.ChoiceField(
        label=_("Role"), choices=[(role, role.label) for role in ROLES_BY_KIND[Organisation.Kind.OPERATOR]]
    )


def _add_member(actor: Membership, _target: None, values: dict[str, Any]) -> Membership:
    user = User.objects.filter(username=values["username"]).first()
    if user is None:
        raise InvalidValue(field="username", reason=_("Nobody has signed up by this name."))
    return add_member(actor=actor, user=user, role=values["role"])


ADD_MEMBER = Action(
    name="add-person",
    label=_("Add a person to the operator"),
    explanation=_("The person may come to this desk, and take the steps of the role."),
    done=_("Added: %(object)s"),
    role=Membership.Role.OWNER,
    perform=_add_member,
    form=NewMemberForm,
)


class MembershipAdmin(ViewOnlyAdmin):
    list_display = ("user", "organisation", "kind", "role")
    list_filter = ("role", "organisation__kind")
    list_select_related = ("user", "organisation")
    search_fields = ("user__username", "user__display_name", "organisation__name")
    ordering = ("-id",)
    fields = ("user", "organisation", "kind", "role")
    list_actions = (ADD_MEMBER,)

    def record_ids(self, target: Membership) -> RecordIds:
        return ids_naming(Named(("member_added",), {"user": str(target.user.public_id)}))

    @admin.display(description=_("kind"), ordering="organisation__kind")
    def kind(self, membership: Membership) -> str:
        return membership.organisation.get_kind_display()


class ApiTokenAdmin(ViewOnlyAdmin):
    list_display = ("prefix", "name", "user", "created_at", "expires_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("prefix", "name", "user__username", "user__memberships__organisation__name")
    ordering = ("-id",)
    fields = ("prefix", "name", "user", "created_at", "expires_at", "revoked_at")
