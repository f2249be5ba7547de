"""Organisations, people, who acts for whom, and keys to the API."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ledger.admin.accounts import LOCK
from ledger.admin.accounts import REQUEST as REQUEST_RESET
from ledger.admin.actions import Action
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import Table, amount_of, held_on, link, list_url, moment
from ledger.admin.personal import ERASE_PERSON
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.errors import InvalidValue
from ledger.journal.models import Account
from ledger.journal.selectors import holdings, sealed_accounts
from ledger.parties.invitations import confirm_invitation, invitations_in, withdraw_invitation
from ledger.parties.models import Invitation, Membership, Organisation, RoleChange, User
from ledger.parties.rights import roles_in
from ledger.parties.role_changes import confirm_change, propose_change, refuse_change
from ledger.parties.second_factor import has_second_factor
from ledger.parties.services import approve_organisation, suspend_organisation

SHOWN = 20
# What the log says of an organisation.
MEMBER_RECORDS = ("member_added", "member_role_changed", "member_removed", "member_left")
RECORDS = ("organisation_applied", "organisation_approved", "organisation_suspended", *MEMBER_RECORDS)

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

    object_actions = (REQUEST_RESET, LOCK, ERASE_PERSON)

    def record_ids(self, target: User) -> RecordIds:
        return ids_naming(Named(MEMBER_RECORDS, {"user": str(target.public_id)}))

    @admin.display(description=_("two-step verification"), boolean=True)
    def has_second_factor(self, user: User) -> bool:
        return has_second_factor(user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("memberships__organisation")

    @admin.display(description=_("acts for"))
    def organisation(self, user: User) -> str:
        return ", ".join(f"{each.organisation} · {each.get_role_display()}" for each in user.memberships.all())


OPERATOR_ROLES = [(role, Membership.Role(role).label) for role in roles_in(Organisation.Kind.OPERATOR)]


class NewMemberForm(forms.Form):
    username = forms.CharField(
        label=_("User name"), max_length=150, help_text=_("The person has signed up, and acts for nobody yet.")
    )
    role = forms.ChoiceField(label=_("Role"), choices=OPERATOR_ROLES)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("New role"), choices=OPERATOR_ROLES)


def _propose_newcomer(actor: Membership, _target: None, values: dict[str, Any]) -> RoleChange:
    user = User.objects.filter(username=values["username"]).first()
    if user is None:
        raise InvalidValue(field="username", reason=_("Nobody has signed up by this name."))
    return propose_change(actor=actor, person=user, role=values["role"])


def _is_of_the_operator(membership: Membership) -> bool:
    return membership.organisation.kind == Organisation.Kind.OPERATOR


ADD_MEMBER = Action(
    name="add-person",
    label=_("Add a person to the operator"),
    explanation=_("When another has confirmed it, the person may come to this desk, and take the steps of the role."),
    done=_("Proposed, for another to confirm: %(object)s"),
    role=Membership.Role.OWNER,
    perform=_propose_newcomer,
    form=NewMemberForm,
)
CHANGE_ROLE = Action(
    name="change-role",
    label=_("Propose another role"),
    explanation=_("When another has confirmed it, the person has this role instead of the one until now."),
    done=_("Proposed, for another to confirm: %(object)s"),
    role=Membership.Role.OWNER,
    perform=lambda actor, member, values: propose_change(actor=actor, person=member.user, role=values["role"]),
    form=RoleForm,
    is_due=_is_of_the_operator,
    initial=lambda member: {"role": member.role},
)
REMOVE_MEMBER = Action(
    name="remove-person",
    label=_("Propose that the person leaves"),
    explanation=_("When another has confirmed it, the person's tokens and sessions end at once."),
    done=_("Proposed, for another to confirm: %(object)s"),
    role=Membership.Role.OWNER,
    perform=lambda actor, member, _values: propose_change(actor=actor, person=member.user, role=""),
    is_due=_is_of_the_operator,
    is_grave=True,
)
CONFIRM_CHANGE = Action(
    name="confirm",
    label=_("Confirm the change"),
    explanation=_(
        "It is made at once. The second person is another owner, or a registrar while there is one owner only."
    ),
    done=_("Confirmed: %(object)s"),
    role=Membership.Role.OWNER,
    also=(Membership.Role.REGISTRAR,),
    perform=lambda actor, change, _values: confirm_change(actor=actor, change_id=change.pk),
    makers=("proposed_by_id", "person_id"),
    is_due=lambda change: change.state == RoleChange.State.PROPOSED,
)
REFUSE_CHANGE = Action(
    name="refuse",
    label=_("Refuse the change"),
    explanation=_("Nothing changes. Who has proposed it may take it back by this, too."),
    done=_("Refused: %(object)s"),
    role=Membership.Role.OWNER,
    also=(Membership.Role.REGISTRAR,),
    perform=lambda actor, change, _values: refuse_change(actor=actor, change_id=change.pk),
    is_due=lambda change: change.state == RoleChange.State.PROPOSED,
    is_grave=True,
)
CONFIRM_INVITATION = Action(
    name="confirm",
    label=_("Confirm the invitation"),
    explanation=_("From now on whoever has the link may take the role, until the invitation ends."),
    done=_("Confirmed: %(object)s"),
    role=Membership.Role.OWNER,
    also=(Membership.Role.REGISTRAR,),
    perform=lambda actor, invitation, _values: confirm_invitation(actor=actor, public_id=invitation.public_id),
    makers=("invited_by_id",),
    is_due=lambda invitation: invitation.is_open and invitation.waits_for_another,
)
WITHDRAW_INVITATION = Action(
    name="withdraw",
    label=_("Withdraw the invitation"),
    explanation=_("The link is worthless at once."),
    done=_("Withdrawn: %(object)s"),
    role=Membership.Role.OWNER,
    perform=lambda actor, invitation, _values: withdraw_invitation(actor=actor, public_id=invitation.public_id),
    is_due=lambda invitation: invitation.is_open and invitation.organisation.kind == Organisation.Kind.OPERATOR,
    is_grave=True,
)


class MembershipAdmin(ViewOnlyAdmin):
    list_display = ("user", "organisation", "kind", "role")
    list_filter = ("role", "organisation__kind")
    list_select_related = ("user", "organisation")
    search_fields = ("user__username", "user__display_name", "organisation__name")
    ordering = ("-id",)
    fields = ("user", "organisation", "kind", "role")
    list_actions = (ADD_MEMBER,)
    object_actions = (CHANGE_ROLE, REMOVE_MEMBER)

    def record_ids(self, target: Membership) -> RecordIds:
        return ids_naming(Named(MEMBER_RECORDS, {"user": str(target.user.public_id)}))

    @admin.display(description=_("kind"), ordering="organisation__kind")
    def kind(self, membership: Membership) -> str:
        return membership.organisation.get_kind_display()


class RoleChangeAdmin(ViewOnlyAdmin):
    list_display = ("person", "role_before", "role", "state", "proposed_by", "proposed_at", "decided_by", "decided_at")
    list_filter = ("state", "role")
    list_select_related = ("person", "proposed_by", "decided_by")
    search_fields = ("person__username", "person__display_name")
    ordering = ("-id",)
    fields = (
        "organisation",
        "person",
        "role_before",
        "role",
        "state",
        "proposed_by",
        "proposed_at",
        "decided_by",
        "decided_at",
    )
    object_actions = (CONFIRM_CHANGE, REFUSE_CHANGE)

    def record_ids(self, target: RoleChange) -> RecordIds:
        kinds = ("member_change_proposed", "member_change_confirmed", "member_change_refused")
        return ids_naming(Named(kinds, {"role_change": str(target.pk)}))

    def facts(self, target: RoleChange) -> list[Fact]:
        return [
            (_("Person"), link(target.person)),
            (_("role until now"), target.get_role_before_display() or _("none")),
            (_("new role"), target.get_role_display() or _("none: the person leaves")),
            (_("proposed by"), link(target.proposed_by)),
            (_("proposed at"), moment(target.proposed_at)),
        ]


class InvitationState(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return Invitation.State.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        state = self.value()
        return invitations_in(queryset, state) if state in Invitation.State.values else queryset


class InvitationAdmin(ViewOnlyAdmin):
    list_display = (
        "organisation",
        "role",
        "state",
        "invited_by",
        "invited_at",
        "expires_at",
        "accepted_by",
        "withdrawn_at",
    )
    list_filter = (InvitationState, "role", "organisation__kind")
    list_select_related = ("organisation", "invited_by", "accepted_by")
    search_fields = ("organisation__name", "invited_by__username", "public_id__exact")
    ordering = ("-id",)
    # For whom it is, is the inviter's own note.
    fields = (
        "organisation",
        "role",
        "state",
        "public_id",
        "invited_by",
        "invited_at",
        "expires_at",
        "confirmed_by",
        "confirmed_at",
        "accepted_by",
        "accepted_at",
        "withdrawn_by",
        "withdrawn_at",
    )
    object_actions = (CONFIRM_INVITATION, WITHDRAW_INVITATION)

    def record_ids(self, target: Invitation) -> RecordIds:
        kinds = (
            "member_invited",
            "member_invitation_confirmed",
            "member_invitation_accepted",
            "member_invitation_withdrawn",
        )
        return ids_naming(Named(kinds, {"invitation": str(target.public_id)}))

    def facts(self, target: Invitation) -> list[Fact]:
        return [
            (_("Organisation"), link(target.organisation)),
            (_("Role"), target.get_role_display()),
            (_("State"), target.state.label),
            (_("Invited by"), link(target.invited_by)),
            (_("Good until"), moment(target.expires_at)),
        ]

    @admin.display(description=_("state"))
    def state(self, invitation: Invitation) -> Any:
        return invitation.state.label


class ApiTokenAdmin(ViewOnlyAdmin):
    list_display = ("prefix", "name", "user", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("prefix", "name", "user__username", "organisation__name")
    ordering = ("-id",)
    fields = (
        "prefix",
        "name",
        "user",
        "organisation",
        "scopes",
        "networks",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
    )
