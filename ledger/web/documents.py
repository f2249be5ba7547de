"""Documents of a project: the list, the upload, the file itself."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.errors import DomainError, NotAllowed
from ledger.parties.models import Membership
from ledger.projects.documents import services
from ledger.projects.documents.models import Document
from ledger.projects.documents.selectors import access_document, documents_of
from ledger.projects.documents.services import may_add
from ledger.projects.documents.serving import file_response
from ledger.projects.models import MonitoringReport, Project
from ledger.projects.selectors import access_project_by_code, reports_of
from ledger.web.doors import carry_out, for_members, reader_of, show
from ledger.web.forms.diary import WithdrawForm
from ledger.web.forms.documents import DocumentForm

DOCUMENTS_A_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
def project_documents(request: HttpRequest, code: str) -> HttpResponse:
    """List a project's documents; those whom it concerns hand others in."""
    reader = reader_of(request)
    project = access_project_by_code(code=code, membership=reader)
    adds = may_add(project, reader)
    if request.method == "POST" and not adds:
        if reader is None:
            return redirect_to_login(request.path)
        raise NotAllowed()
    form = _form(request, project, reader) if adds else None
    if request.method == "POST" and reader is not None and form is not None and form.is_valid():
        new = form.document()
        document = carry_out(form, services.add_document, actor=reader, project_id=project.pk, new=new)
        if document is not None:
            messages.success(request, _("%(title)s is kept.") % {"title": document.title})
            return redirect("project_documents", code=project.code)
    found = documents_of(project, reader)
    context = {
        "project": project,
        "form": form,
        "page": Paginator(found, DOCUMENTS_A_PAGE).get_page(request.GET.get("page")),
        "withdraw_form": WithdrawForm(auto_id=False),
        "own": reader.organisation_id if adds and reader is not None else None,
    }
    return show(request, "ledger/documents/list.html", context)


def _form(request: HttpRequest, project: Project, reader: Membership | None) -> DocumentForm:
    return DocumentForm(
        *([request.POST, request.FILES] if request.method == "POST" else []),
        reports=list(reports_of(project, reader).exclude(status=MonitoringReport.Status.DRAFT)),
        parcels=list(project.parcels.order_by("id").values_list("code", flat=True)),
        initial={name: request.GET.get(name) for name in ("report", "parcel", "kind")},
    )


@require_safe
def document_file(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Hand a document out."""
    reader = reader_of(request)
    return file_response(request, access_document(public_id=public_id, membership=reader), reader)


@require_POST
@for_members
def document_publish(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Show a document to everybody."""
    document = access_document(public_id=public_id, membership=membership)
    services.publish_document(actor=membership, public_id=public_id)
    messages.success(request, _("%(title)s is public now.") % {"title": document.title})
    return redirect("project_documents", code=document.project.code)


@require_POST
@for_members
def document_withdraw(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Withdraw a document, with a reason."""
    document: Document = access_document(public_id=public_id, membership=membership)
    try:
        services.withdraw_document(actor=membership, public_id=public_id, reason=request.POST.get("reason", ""))
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%(title)s is withdrawn.") % {"title": document.title})
    return redirect("project_documents", code=document.project.code)
