"""What a page says of a project's documents and diary, to whom it concerns."""

from typing import Any

from django import template
from django.template.context import Context

from ledger.projects.concern import is_concerned, may_write_for
from ledger.projects.documents.selectors import documents_of
from ledger.projects.documents.services import may_add
from ledger.projects.models import MonitoringReport, Project
from ledger.web.doors import reader_of

register = template.Library()

SHOWN = 10


@register.inclusion_tag("ledger/documents/_evidence.html", takes_context=True)
def evidence_of(context: Context, project: Project, report: MonitoringReport | None = None) -> dict[str, Any]:
    """Show the newest documents of a project, or of one of its reports, and the way to the others and to the diary."""
    reader = reader_of(context["request"])
    adds = may_add(project, reader)
    return {
        "project": project,
        "report": report,
        "documents": list(documents_of(project, reader, report=report)[:SHOWN]),
        "may_add": adds,
        "reads_diary": adds or is_concerned(project, reader),
        "writes_diary": may_write_for(project, reader),
    }
