"""What happens to people's accounts, and second factors that two people of the operator reset."""

from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, ReasonForm, is_requested
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import link, moment
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.parties.access import STEWARDS
from ledger.parties.models import Membership
from ledger.parties.second_factor import has_second_factor
from ledger.parties.security import locking, resets
from ledger.parties.security.models import AccountLock, FactorReset, SecurityEvent

REQUEST = Action(
    name="reset-factors",
    label=_("Reset the second factors"),
    explanation=_(
        "For who has lost the phone, the passkey and the recovery codes. Make sure who asks: see them, or call them back at a "
        "number that you know. Once a second person confirms, every session ends and the password alone lets them in to set up "
        "new ones."
    ),
    done=_("%(object)s is entered. A second person confirms it."),
    role=Membership.Role.REGISTRAR,
    also=STEWARDS,
    perform=lambda actor, user, values: resets.request_factor_reset(actor=actor, user_id=user.pk, **values),
    form=ReasonForm,
    makers=("pk",),
    is_due=has_second_factor,
    is_grave=True,
)


CONFIRM = Action(
    name="confirm",
    label=_("Confirm the reset"),
    explanation=_(
        "The second factors and the recovery codes are gone at once, and every session ends. The person is told."
    ),
    done=_("%(object)s: done."),
    role=Membership.Role.REGISTRAR,
    also=STEWARDS,
    perform=lambda actor, reset, _values: resets.confirm_factor_reset(actor=actor, reset_id=reset.pk),
    makers=("requested_by_id", "user_id"),
    is_due=is_requested,
    is_grave=True,
)
REFUSE = Action(
    name="refuse",
    label=_("Refuse the reset"),
    explanation=_("The second factors stay as they are."),
    done=_("%(object)s: done."),
    role=Membership.Role.REGISTRAR,
    also=STEWARDS,
    perform=lambda actor, reset, _values: resets.refuse_factor_reset(actor=actor, reset_id=reset.pk),
    makers=("requested_by_id", "user_id"),
    is_due=is_requested,
)


LOCK = Action(
    name="lock",
    label=_("Lock the account"),
    explanation=_(
        "For an account in wrong hands. You need nobody: every session and every token ends at once, streams within seconds, and no "
        "log-in is let in. Another person than you unlocks it."
    ),
    done=_("%(object)s is locked."),
    role=Membership.Role.REGISTRAR,
    also=STEWARDS,
    perform=lambda actor, user, values: locking.lock_account(actor=actor, user_id=user.pk, **values),
    form=ReasonForm,
    makers=("pk",),
    is_due=lambda user: user.is_active,
    is_grave=True,
)
UNLOCK = Action(
    name="unlock",
    label=_("Unlock the account"),
    explanation=_("The person may log in again. Tokens stay ended: new ones are made."),
    done=_("%(object)s is unlocked."),
    role=Membership.Role.REGISTRAR,
    also=STEWARDS,
    perform=lambda actor, lock, _values: locking.unlock_account(actor=actor, lock_id=lock.pk),
    makers=("locked_by_id", "user_id"),
    is_due=lambda lock: lock.unlocked_at is None,
)


class AccountLockAdmin(ViewOnlyAdmin):
    list_display = ("user", "reason", "locked_by", "locked_at", "unlocked_by", "unlocked_at")
    list_select_related = ("user", "locked_by", "unlocked_by")
    search_fields = ("user__username", "user__display_name", "reason")
    ordering = ("-id",)
    fields = list_display
    object_actions = (UNLOCK,)

    def record_ids(self, target: AccountLock) -> RecordIds:
        kinds = ("security_account_locked", "security_account_unlocked")
        named = Named(kinds, {"user": str(target.user.public_id)})
        return ids_naming(named, near=(target.locked_at, target.unlocked_at))

    def facts(self, target: AccountLock) -> list[Fact]:
        return [
            (_("Person"), link(target.user)),
            (_("Reason"), target.reason),
            (_("Locked by"), link(target.locked_by)),
            (_("Locked at"), moment(target.locked_at)),
        ]


class SecurityEventAdmin(ViewOnlyAdmin):
    """From where something was done is the person's to see, and nobody's here."""

    list_display = ("at", "user", "kind")
    list_filter = ("kind",)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__display_name", "user__public_id__exact")
    date_hierarchy = "at"
    ordering = ("-id",)
    fields = ("at", "user", "kind", "record_id")

    def record_ids(self, target: SecurityEvent) -> RecordIds:
        return [target.record_id]


class FactorResetAdmin(ViewOnlyAdmin):
    list_display = ("user", "status", "reason", "requested_by", "requested_at", "decided_by", "decided_at")
    list_filter = ("status",)
    list_select_related = ("user", "requested_by", "decided_by")
    search_fields = ("user__username", "user__display_name", "reason")
    ordering = ("-id",)
    fields = list_display
    object_actions = (CONFIRM, REFUSE)

    def record_ids(self, target: FactorReset) -> RecordIds:
        kinds = ("security_reset_requested", "security_reset_confirmed", "security_reset_refused")
        named = Named(kinds, {"reset": str(target.pk)})
        return ids_naming(named, near=(target.requested_at, target.decided_at))

    def facts(self, target: FactorReset) -> list[Fact]:
        return [
            (_("Person"), link(target.user)),
            (_("User name"), target.user.username),
            (_("Reason"), target.reason),
            (_("Entered by"), link(target.requested_by)),
            (_("Entered at"), moment(target.requested_at)),
        ]
