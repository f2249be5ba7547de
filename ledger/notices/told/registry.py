"""Projects, reports and findings: who has the next step, and who waits for it."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from ledger.notices.book import Book
from ledger.notices.models import Group, Severity
from ledger.notices.rules import ACTING, EVERYONE, REGISTRARS, Told
from ledger.notices.saying import To, in_both, tell
from ledger.transparency.following import LoggedRecord

REGISTRY = Group.REGISTRY
OF_PROJECT = {"page": "project", "place": {"code": "project"}}
AT_DESK = {"page": "admin:ledger_project_change", "place": {"object_id": "project_id"}}
OF_REPORT = {"page": "report", "place": {"code": "project", "report_id": "report_id"}}
REPORT_AT_DESK = {"page": "admin:ledger_monitoringreport_change", "place": {"object_id": "report_id"}}


def about_project(record: LoggedRecord, book: Book) -> dict[str, Any]:
    """Return what notices about a project say of it, and why."""
    project = book.project(record.body)
    said: dict[str, Any] = {"project": record.body["project"], "reason": record.body.get("reason", "")}
    if project is not None:
        said |= {"name": in_both(project), "project_id": project.pk}
    verifier = book.organisation(record.body, "verifier")
    if verifier is not None:
        said["verifier"] = in_both(verifier)
    return {"name": said["project"], "verifier": ""} | said


def about_report(record: LoggedRecord, book: Book) -> dict[str, Any]:
    """Return what notices about a report say of it, and why."""
    report = book.report(record.body)
    said = about_project(record, book) | {"report_id": int(record.body["report"])}
    if report is not None:
        said["vintage"] = str(report.vintage)
    if "finding" in record.body:
        said["number"] = str(record.body.get("number") or book.finding_numbers.get(record.body["finding"], ""))
    return {"vintage": ""} | said


def to_proponent(record: LoggedRecord, book: Book) -> list[Told]:
    """Return the people of the cooperative whose project it is."""
    project = book.project(record.body)
    return [] if project is None else [Told(project.proponent_id, EVERYONE)]


def to_validator(record: LoggedRecord, book: Book) -> list[Told]:
    """Return the people of the verifier that has taken the project on."""
    project = book.project(record.body)
    return [] if project is None or project.validator_id is None else [Told(project.validator_id, ACTING)]


def to_verifier(record: LoggedRecord, book: Book) -> list[Told]:
    """Return the people of the verifier that the report is assigned to."""
    report = book.report(record.body)
    return [] if report is None or report.verifier_id is None else [Told(report.verifier_id, ACTING)]


def to_verifiers(_record: LoggedRecord, book: Book) -> list[Told]:
    """Return the people of all verifiers."""
    return [Told(verifier, ACTING) for verifier in book.verifiers]


def to_registrars(_record: LoggedRecord, book: Book) -> list[Told]:
    """Return the operator's registrars."""
    return [Told(operator, REGISTRARS) for operator in book.operators]


def _project(
    recorded: str, to: To, title: Any, text: Any = "", severity: Severity = Severity.INFO, name: str = "", **page: Any
) -> None:
    page = page or OF_PROJECT
    tell(
        recorded,
        to=to,
        say=about_project,
        group=REGISTRY,
        title=title,
        text=text,
        severity=severity,
        name=name,
        **page,
    )


def _report(
    recorded: str, to: To, title: Any, text: Any = "", severity: Severity = Severity.INFO, name: str = "", **page: Any
) -> None:
    page = page or OF_REPORT
    tell(
        recorded,
        to=to,
        say=about_report,
        group=REGISTRY,
        title=title,
        text=text,
        severity=severity,
        name=name,
        **page,
    )


WHY = _("Reason: %(reason)s")
ACTION, WARNING = Severity.ACTION, Severity.WARNING

_project("project_submitted", to_verifiers, _("A project waits for a verifier: %(name)s"))
_project("project_accepted", to_proponent, _("%(verifier)s validates your project %(name)s"))
_project("project_declined", to_proponent, _("A verifier has declined your project %(name)s"), WHY)
_project("project_returned", to_proponent, _("Your project %(name)s is a draft again"), WHY, ACTION)
_project("project_validated", to_proponent, _("Your project %(name)s is validated"))
_project(
    "project_validated",
    to_registrars,
    _("Project %(name)s waits to be registered"),
    severity=ACTION,
    name="project_to_register",
    **AT_DESK,
)
_project(
    "project_registered",
    to_proponent,
    _("Your project %(name)s is registered as %(project)s"),
    _("From now on it can report what its fields have kept out of the air."),
)
_project("project_registered", to_validator, _("Project %(name)s is registered"), name="project_registered_verifier")
_project("project_rejected", to_proponent, _("Your project %(name)s is rejected"), WHY, WARNING)
_project("project_suspended", to_proponent, _("Your project %(name)s is suspended"), WHY, WARNING)
_project("project_resumed", to_proponent, _("Your project %(name)s is registered again"), WHY)
_project(
    "project_withdrawal_asked",
    to_registrars,
    _("Project %(name)s asks to be withdrawn"),
    WHY,
    ACTION,
    **AT_DESK,
)
_project("project_withdrawal_refused", to_proponent, _("Project %(name)s cannot be withdrawn"), WHY)
_project("project_withdrawn", to_proponent, _("Project %(name)s is withdrawn"), WHY)
_project("project_completed", to_proponent, _("Project %(name)s is completed"))
_project("project_renewal_requested", to_verifiers, _("Project %(name)s asks for its renewal to be assessed"))
_project(
    "project_renewal_assessed",
    to_registrars,
    _("The renewal of project %(name)s waits for the decision"),
    severity=ACTION,
    **AT_DESK,
)
_project("project_renewed", to_proponent, _("Your project %(name)s is renewed"))
_project("project_renewal_refused", to_proponent, _("The renewal of your project %(name)s is refused"), WHY, WARNING)
_project("conflict_declared", to_registrars, _("A conflict of interest is declared for project %(name)s"), **AT_DESK)
_project("risk_stated", to_validator, _("The risk of project %(name)s waits to be confirmed"), severity=ACTION)
_project("risk_confirmed", to_proponent, _("The stated risk of project %(name)s is confirmed"))
_project("risk_refused", to_proponent, _("The stated risk of project %(name)s is refused"), WHY, ACTION)

_report("report_assigned", to_verifier, _("The report %(vintage)s of %(name)s is yours to verify"), severity=ACTION)
_report("report_accepted", to_proponent, _("%(verifier)s verifies the report %(vintage)s of %(name)s"))
_report(
    "report_declined",
    to_proponent,
    _("%(verifier)s has declined the report %(vintage)s of %(name)s"),
    _("Name another verifier. Reason: %(reason)s"),
    ACTION,
)
_report(
    "finding_opened",
    to_proponent,
    _("Finding %(number)s on the report %(vintage)s of %(name)s"),
    _("The verifier waits for your answer."),
    ACTION,
)
_report(
    "finding_answered",
    to_verifier,
    _("Finding %(number)s on the report %(vintage)s of %(name)s is answered"),
    severity=ACTION,
)
_report("finding_closed", to_proponent, _("Finding %(number)s on the report %(vintage)s of %(name)s is closed"))
_report(
    "finding_reopened",
    to_proponent,
    _("Finding %(number)s on the report %(vintage)s of %(name)s is open again"),
    _("The verifier waits for your answer."),
    ACTION,
)
_report("report_corrected", to_verifier, _("The report %(vintage)s of %(name)s is corrected"), severity=ACTION)
_report("report_verified", to_proponent, _("The report %(vintage)s of %(name)s is verified"))
_report(
    "report_verified",
    to_registrars,
    _("The report %(vintage)s of %(name)s waits for approval"),
    severity=ACTION,
    name="report_to_approve",
    **REPORT_AT_DESK,
)
_report("report_approved", to_proponent, _("The report %(vintage)s of %(name)s is approved"))
_report(
    "report_approved",
    to_registrars,
    _("The report %(vintage)s of %(name)s waits for issuance"),
    severity=ACTION,
    name="report_to_issue",
    **REPORT_AT_DESK,
)
_report("report_rejected", to_proponent, _("The report %(vintage)s of %(name)s is rejected"), WHY, WARNING)
