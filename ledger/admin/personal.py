"""Personal data at the desk: erased by two, and a household's handed out at its request."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, is_requested
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, link, moment
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.parties.access import STEWARDS
from ledger.parties.models import Household, Membership, User
from ledger.parties.security.locking import ERASED
from ledger.personal import services
from ledger.personal.models import Erasure


def _erase_person(actor: Membership, user: User, _values: dict[str, Any]) -> Erasure:
    return services.request_erasure(actor=actor, person_id=user.pk)


def _erase_household(actor: Membership, household: Household, _values: dict[str, Any]) -> Erasure:
    return services.request_erasure(actor=actor, household_id=household.pk)


def _export(actor: Membership, household: Household, _values: dict[str, Any]) -> Household:
    return services.note_export(actor=actor, household_id=household.pk)


ERASE_PERSON = Action(
    name="erase",
    label=_("Erase the personal data"),
    explanation=_(
        "For a person who asks for it and acts for no organisation any more. Once a second person confirms, name, user name, e-mail, "
        "phone, addresses, browsers, notices, tokens and second factors are gone for good; what the person did stays in the ledger "
        "under an id that names nobody."
    ),
    done=_("%(object)s: entered. A second person confirms it."),
    role=Membership.Role.REGISTRAR,
    also=STEWARDS,
    perform=_erase_person,
    makers=("pk",),
    is_due=lambda user: not user.username.startswith(ERASED),
    is_grave=True,
)
ERASE_HOUSEHOLD = Action(
    name="erase",
    label=_("Erase the personal data"),
    explanation=_(
        "For a household that asks for it, has left its cooperative and is owed nothing. Once a second person confirms, its name, its "
        "number and its link are gone for good; shares and payouts stay in the ledger under an id that names nobody."
    ),
    done=_("%(object)s: entered. A second person confirms it."),
    role=Membership.Role.REGISTRAR,
    also=STEWARDS,
    perform=_erase_household,
    is_due=lambda household: household.left_at is not None and not household.code.startswith(ERASED),
    is_grave=True,
)
EXPORT_HOUSEHOLD = Action(
    name="export-data",
    label=_("Hand out the household's data"),
    explanation=_(
        "All that is kept of the household as one JSON file, at its request. Make sure who asks. That it was handed out is recorded."
    ),
    done=_("The data of %(object)s."),
    role=Membership.Role.REGISTRAR,
    also=STEWARDS,
    perform=_export,
)


CONFIRM = Action(
    name="confirm",
    label=_("Erase"),
    explanation=_("It is done at once and cannot be undone."),
    done=_("%(object)s."),
    role=Membership.Role.REGISTRAR,
    also=STEWARDS,
    perform=lambda actor, erasure, _values: services.confirm_erasure(actor=actor, erasure_id=erasure.pk),
    makers=("requested_by_id", "person_id"),
    is_due=is_requested,
    is_grave=True,
)
REFUSE = Action(
    name="refuse",
    label=_("Refuse the erasure"),
    explanation=_("The data stay as they are."),
    done=_("%(object)s."),
    role=Membership.Role.REGISTRAR,
    also=STEWARDS,
    perform=lambda actor, erasure, _values: services.refuse_erasure(actor=actor, erasure_id=erasure.pk),
    is_due=is_requested,
)


class ErasureAdmin(ViewOnlyAdmin):
    list_display = ("__str__", "requested_by", "requested_at", "decided_by", "decided_at")
    list_filter = ("status",)
    list_select_related = ("person", "household", "requested_by", "decided_by")
    ordering = ("-id",)
    fields = ("person", "household", "status", "requested_by", "requested_at", "decided_by", "decided_at")
    object_actions = (CONFIRM, REFUSE)

    def record_ids(self, target: Erasure) -> RecordIds:
        family = "security" if target.person_id else "household"
        kinds = tuple(f"{family}_erasure_{step}" for step in ("requested", "confirmed", "refused"))
        named = Named(kinds, {"erasure": str(target.pk)})
        return ids_naming(named, near=(target.requested_at, target.decided_at))

    def facts(self, target: Erasure) -> list[Fact]:
        return [
            (_("Person"), link(target.person) if target.person else EMPTY),
            (_("Household"), link(target.household) if target.household else EMPTY),
            (_("Entered by"), link(target.requested_by)),
            (_("Entered at"), moment(target.requested_at)),
        ]
