"""The life of a project at the desk: what the operator decides, renewals, conflicts of interest, debundling."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, ReasonForm
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, Table, link, moment, tonnes
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.credits.reversals.ending import grant_withdrawal
from ledger.parties.models import Membership, Organisation
from ledger.projects.conflicts import declare_conflict, lift_conflict
from ledger.projects.debundling import decide_debundling, is_decided, latest_decision, neighbours_of
from ledger.projects.judgements import DebundlingDecision, DeclaredConflict, Renewal
from ledger.projects.lifecycle import (
    decline_project,
    refuse_withdrawal,
    resume_project,
    return_project,
    suspend_project,
)
from ledger.projects.models import Project
from ledger.projects.renewals import grant_renewal, refuse_renewal
from ledger.projects.services import HANDED_IN

Status = Project.Status


class DebundlingForm(ReasonForm):
    is_one_with_them = forms.TypedChoiceField(
        label=_("Is it a part of one project with its neighbours?"),
        choices=[("no", _("no, a project of its own")), ("yes", _("yes, they count as one"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    field_order = ["is_one_with_them", "reason"]


class ConflictForm(forms.Form):
    verifier = forms.ModelChoiceField(
        label=_("Verifier"), queryset=Organisation.objects.filter(kind=Organisation.Kind.VERIFIER).order_by("name")
    )
    nature = forms.ChoiceField(label=_("What is it?"), choices=DeclaredConflict.Nature.choices)
    note = forms.CharField(label=_("Note"), max_length=200, required=False, widget=forms.Textarea({"rows": 3}))


DECIDE_DEBUNDLING = Action(
    name="debundling",
    label=_("Decide on debundling"),
    explanation=_(
        "Other projects of the proponent lie within a kilometre and began within two years. Say, with a reason that everybody can "
        "read, whether they are one project: as one they keep to the limit of a small-scale methodology together."
    ),
    done=_("It is decided: %(object)s"),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, project, values: decide_debundling(actor=actor, project_id=project.pk, **values).project,
    form=DebundlingForm,
    makers=("created_by_id",),
    is_due=lambda project: project.status in HANDED_IN and bool(neighbours_of(project)),
)
RETURN = Action(
    name="return",
    label=_("Send the project back for corrections"),
    explanation=_("It becomes a draft again, with all that it holds; its cooperative mends it and hands it in anew."),
    done=_("%(object)s is a draft again."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, project, values: return_project(actor=actor, project_id=project.pk, **values),
    form=ReasonForm,
    is_due=lambda project: project.status == Status.IN_VALIDATION,
)
TAKE_AWAY = Action(
    name="decline",
    label=_("Take the project from its verifier"),
    explanation=_("Where the verifier does not act. The project waits for another verifier then."),
    done=_("%(object)s waits for a verifier again."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, project, values: decline_project(actor=actor, project_id=project.pk, **values),
    form=ReasonForm,
    is_due=lambda project: project.status == Status.IN_VALIDATION,
)
SUSPEND = Action(
    name="suspend",
    label=_("Suspend the project"),
    explanation=_(
        "Nothing of it is reported, approved or issued until another registrar resumes it. The reason is public."
    ),
    done=_("%(object)s is suspended."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, project, values: suspend_project(actor=actor, project_id=project.pk, **values),
    form=ReasonForm,
    is_due=lambda project: project.status == Status.REGISTERED,
    is_grave=True,
)
RESUME = Action(
    name="resume",
    label=_("Lift the suspension"),
    explanation=_("Its proponent may report again. Whoever ordered the suspension does not lift it."),
    done=_("%(object)s is registered again."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, project, values: resume_project(actor=actor, project_id=project.pk, **values),
    form=ReasonForm,
    makers=("suspended_by_id",),
    is_due=lambda project: project.status == Status.SUSPENDED,
)
GRANT_WITHDRAWAL = Action(
    name="withdraw",
    label=_("Withdraw the project as asked"),
    explanation=_("Nothing more of it is issued. Credits that were issued stay what they are."),
    done=_("%(object)s is withdrawn."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, project, _values: grant_withdrawal(actor=actor, project_id=project.pk),
    is_due=lambda project: project.withdrawal_asked_at is not None,
    is_grave=True,
)
REFUSE_WITHDRAWAL = Action(
    name="keep",
    label=_("Refuse the withdrawal"),
    explanation=_("The project stays as it is. The reason goes into the log."),
    done=_("%(object)s stays registered."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, project, values: refuse_withdrawal(actor=actor, project_id=project.pk, **values),
    form=ReasonForm,
    is_due=lambda project: project.withdrawal_asked_at is not None,
)
DECLARE = Action(
    name="conflict",
    label=_("Declare a verifier's conflict of interest"),
    explanation=_(
        "The verifier cannot judge the project from then on. Another registrar lifts what was declared by mistake."
    ),
    done=_("Declared: %(object)s"),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, project, values: declare_conflict(
        actor=actor,
        project_id=project.pk,
        verifier_id=values["verifier"].pk,
        nature=values["nature"],
        note=values["note"],
    ),
    form=ConflictForm,
    is_due=lambda project: project.status not in (Status.DRAFT, Status.REJECTED, Status.WITHDRAWN),
)
PROJECT_ACTIONS = (
    DECIDE_DEBUNDLING,
    RETURN,
    TAKE_AWAY,
    SUSPEND,
    RESUME,
    GRANT_WITHDRAWAL,
    REFUSE_WITHDRAWAL,
    DECLARE,
)
# What the log says of these steps; all of them name the project.
RECORDS = (
    "project_described",
    "project_accepted",
    "project_declined",
    "project_returned",
    "project_suspended",
    "project_resumed",
    "project_withdrawal_asked",
    "project_withdrawal_refused",
    "project_withdrawn",
    "project_completed",
    "project_debundling_decided",
    "project_renewal_requested",
    "project_renewal_assessed",
    "project_renewed",
    "project_renewal_refused",
    "conflict_declared",
    "conflict_lifted",
)


def neighbours_table(project: Project) -> Table | None:
    """Return the projects that may be parts of one with a project, and what was decided; None where there are none."""
    neighbours = neighbours_of(project) if project.status != Status.DRAFT else []
    if not neighbours:
        return None
    decision = latest_decision(project)
    stands = is_decided(project, neighbours)
    said = decision.reason if decision is not None and stands else str(_("not decided yet"))
    rows: list[tuple[object, ...]] = [
        (
            link(each.project),
            each.project.get_status_display(),
            f"{tonnes(each.distance_m)} m",
            f"{tonnes(each.expected_t)} t",
        )
        for each in neighbours
    ]
    columns = (str(_("Project")), str(_("Status")), str(_("Distance")), str(_("Forecast a year")))
    title = f"{_('Possible debundling')}: {said}"
    return Table(title, columns, rows, figures=frozenset({2, 3}))


GRANT = Action(
    name="grant",
    label=_("Grant the renewal"),
    explanation=_(
        "The crediting period gets its new end. Land that another project is credited for in these years is refused."
    ),
    done=_("Renewed: %(object)s"),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, renewal, _values: grant_renewal(actor=actor, renewal_id=renewal.pk),
    makers=("requested_by_id", "assessed_by_id"),
    is_due=lambda renewal: renewal.status == Renewal.Status.ASSESSED,
)
REFUSE = Action(
    name="refuse",
    label=_("Refuse the renewal"),
    explanation=_("The crediting period stays as it is. The reason is public."),
    done=_("Refused: %(object)s"),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, renewal, values: refuse_renewal(actor=actor, renewal_id=renewal.pk, **values),
    form=ReasonForm,
    makers=("requested_by_id", "assessed_by_id"),
    is_due=lambda renewal: renewal.status in Renewal.OPEN,
    is_grave=True,
)


class RenewalAdmin(ViewOnlyAdmin):
    list_display = ("project", "status", "ended_on", "ends_on", "verifier", "requested_at", "decided_at")
    list_filter = ("status",)
    list_select_related = ("project", "verifier")
    search_fields = ("project__name", "project__number__exact")
    ordering = ("-id",)
    object_actions = (GRANT, REFUSE)
    fields = (
        "project",
        "status",
        "ended_on",
        "ends_on",
        "note",
        "requested_by",
        "requested_at",
        "verifier",
        "assessed_by",
        "assessed_at",
        "assessment",
        "decided_by",
        "decided_at",
        "decision_reason",
    )

    def record_ids(self, target: Renewal) -> RecordIds:
        return ids_naming(Named(RECORDS, {"renewal": str(target.pk)}))

    def facts(self, target: Renewal) -> list[Fact]:
        return [
            (_("Project"), link(target.project)),
            (_("Ends now on"), str(target.ended_on)),
            (_("Shall end on"), str(target.ends_on)),
            (_("What has changed since"), target.note or EMPTY),
            (_("Assessed by"), link(target.verifier)),
            (_("Assessment"), target.assessment or EMPTY),
        ]


LIFT = Action(
    name="lift",
    label=_("Lift the declaration"),
    explanation=_("Where it was a mistake: the verifier may judge the project again. The reason goes into the log."),
    done=_("Lifted: %(object)s"),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, conflict, values: lift_conflict(actor=actor, conflict_id=conflict.pk, **values),
    form=ReasonForm,
    makers=("declared_by_id",),
    is_due=lambda conflict: conflict.lifted_at is None,
)


class DeclaredConflictAdmin(ViewOnlyAdmin):
    list_display = ("verifier", "project", "nature", "declared_at", "lifted_at")
    list_filter = ("nature",)
    list_select_related = ("project", "verifier")
    search_fields = ("verifier__name", "project__name", "project__number__exact")
    ordering = ("-id",)
    object_actions = (LIFT,)
    fields = (
        "project",
        "verifier",
        "nature",
        "note",
        "declared_by",
        "declared_at",
        "lifted_by",
        "lifted_at",
        "lifting_reason",
    )

    def record_ids(self, target: DeclaredConflict) -> RecordIds:
        return ids_naming(Named(RECORDS, {"conflict": str(target.pk)}))

    def facts(self, target: DeclaredConflict) -> list[Fact]:
        return [
            (_("Verifier"), link(target.verifier)),
            (_("Project"), link(target.project)),
            (_("What is it?"), target.get_nature_display()),
            (_("Note"), target.note or EMPTY),
            (_("Declared by"), link(target.declared_by)),
            (_("Declared at"), moment(target.declared_at)),
        ]


class DebundlingDecisionAdmin(ViewOnlyAdmin):
    list_display = ("project", "is_one_with_them", "decided_by", "decided_at")
    list_filter = ("is_one_with_them",)
    list_select_related = ("project", "decided_by")
    search_fields = ("project__name", "project__number__exact")
    ordering = ("-id",)
    fields = ("project", "others_line", "is_one_with_them", "reason", "decided_by", "decided_at")

    @admin.display(description=_("other projects"))
    def others_line(self, decision: DebundlingDecision) -> str:
        return ", ".join(decision.others)

    def record_ids(self, target: DebundlingDecision) -> RecordIds:
        return ids_naming(Named(RECORDS, {"decision": str(target.pk)}))
