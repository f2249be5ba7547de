"""A file of fields: read, shown on the map with all that is wrong with it, and stored once it is confirmed."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import orjson
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from ledger.errors import DomainError, NotFound
from ledger.parties.models import Membership
from ledger.projects.land import services
from ledger.projects.land.examine import Examined, NewParcel
from ledger.projects.land.problems import MAX_LISTED, ParcelsRefused
from ledger.projects.land.selectors import GEOJSON
from ledger.projects.land.uploads import read_upload
from ledger.projects.land.uploads.features import is_well_formed
from ledger.projects.models import Parcel, Project
from ledger.web import previews
from ledger.web.doors import for_members, show
from ledger.web.drafts import own_draft
from ledger.web.forms.land import UploadForm
from ledger.web.forms.projects import PRACTICES_OF
from ledger.web.land import FIELDS_A_PAGE, NOTICES_SHOWN, shapes_of
from ledger.web.pictures import MOST_PARCELS, draw_fields


@require_http_methods(["GET", "POST"])
@for_members
def parcels_upload(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Read a file of fields, and show what it comes to before anything is stored."""
    project = own_draft(membership, code)
    practices_of = PRACTICES_OF[project.methodology]
    last = Parcel.objects.filter(project=project).order_by("-id").only("practices").first()
    form, practices = UploadForm(), practices_of(practices=last.practices if last else None)
    context: dict[str, Any] = {}
    if request.method == "POST":
        form, practices = UploadForm(request.POST, request.FILES), practices_of(request.POST, files=request.FILES)
        if all([form.is_valid(), practices.is_valid()]):
            try:
                token, examined = _examine_file(membership, project, form, practices.practices())
            except DomainError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                if not examined.problems:
                    return redirect("parcels_preview", code=project.code, token=token)
                context = _problems_shown(project, token, examined)
    context |= {"project": project, "form": form, "practices": practices}
    response = show(request, "ledger/land/upload.html", context)
    if request.method == "POST":
        response.status_code = 422
    return response


def _examine_file(
    membership: Membership, project: Project, form: UploadForm, practices: dict[str, Any]
) -> tuple[str, Examined]:
    file = form.cleaned_data["file"]
    upload = read_upload(file.name, file.read(), form.reading(), practices={})
    parcels = [replace(new, practices=practices) for new in upload.parcels]
    examined = services.examine_parcels(actor=membership, project_id=project.pk, parcels=parcels)
    kept = {
        "project": project.code,
        "file": file.name[:80],
        "practices": practices,
        "parcels": [_as_json(new) for new in upload.parcels],
        "notices": [*upload.notices, *map(str, examined.notices)],
        "problems": [asdict(problem) for problem in examined.problems[:MAX_LISTED]],
        "repaired": [notice.shape for notice in examined.notices if notice.shape],
    }
    return previews.keep(membership.user, kept), examined


def _as_json(new: NewParcel) -> dict[str, Any]:
    """Return a field as it is kept; its practices are kept once for all."""
    kept = {name: getattr(new, name) for name in NewParcel.__slots__ if name != "practices"}
    return kept | {"declared_area_ha": None if new.declared_area_ha is None else str(new.declared_area_ha)}


def _problems_shown(project: Project, token: str, examined: Examined) -> dict[str, Any]:
    listed = examined.problems[:MAX_LISTED]
    return {
        "problems": listed,
        "problems_left": len(examined.problems) - len(listed),
        "picture": draw_fields(
            examined.parcels[:MOST_PARCELS], count=len(examined.parcels), faults=shapes_of(examined.problems)
        ),
        "map_src": reverse("parcels_preview_geojson", kwargs={"code": project.code, "token": token}),
    }


@require_http_methods(["GET", "POST"])
@for_members
def parcels_preview(request: HttpRequest, membership: Membership, code: str, token: str) -> HttpResponse:
    """Show the fields of an uploaded file; store them once it is confirmed."""
    project = own_draft(membership, code)
    kept = _kept(membership, project, token)
    if kept is None:
        messages.warning(request, _("The upload is not kept any more: upload the file again."))
        return redirect("parcels_upload", code=project.code)
    parcels = [NewParcel(**each, practices=kept["practices"]) for each in kept["parcels"]]
    if request.method == "POST":
        return _confirm(request, membership, project, parcels, token)
    examined = services.examine_parcels(actor=membership, project_id=project.pk, parcels=parcels)
    if examined.problems:
        context = _problems_shown(project, token, examined)
        form, practices = UploadForm(), PRACTICES_OF[project.methodology](practices=kept["practices"])
        context |= {"project": project, "form": form, "practices": practices}
        return render(request, "ledger/land/upload.html", context, status=422)
    shown = Paginator(examined.parcels, FIELDS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "project": project,
        "file": kept["file"],
        "page": shown,
        "area_ha": sum(parcel.area_ha for parcel in examined.parcels),
        "notices": kept["notices"][:NOTICES_SHOWN],
        "notices_left": max(0, len(kept["notices"]) - NOTICES_SHOWN),
        "picture": draw_fields(examined.parcels[:MOST_PARCELS], count=len(examined.parcels), faults=kept["repaired"]),
        "map_src": reverse("parcels_preview_geojson", kwargs={"code": project.code, "token": token}),
    }
    return render(request, "ledger/land/preview.html", context)


def _confirm(
    request: HttpRequest, membership: Membership, project: Project, parcels: Sequence[NewParcel], token: str
) -> HttpResponse:
    try:
        added = services.add_parcels(actor=membership, project_id=project.pk, parcels=parcels, within="features")
    except ParcelsRefused:
        # Somebody was quicker: the preview says where.
        return redirect("parcels_preview", code=project.code, token=token)
    said = ngettext("%(count)s field is added.", "%(count)s fields are added.", len(added.parcels))
    messages.success(request, said % {"count": len(added.parcels)})
    return redirect("project_edit", code=project.code)


@require_safe
@for_members
def parcels_preview_geojson(request: HttpRequest, membership: Membership, code: str, token: str) -> HttpResponse:
    """Hand out what a preview draws: the fields of the file, and where something is wrong with them."""
    project = own_draft(membership, code)
    kept = _kept(membership, project, token)
    if kept is None:
        raise NotFound()
    features = [
        {
            "type": "Feature",
            "properties": {"code": each["code"], "name": each["name"]},
            "geometry": each["geometry"],
        }
        for each in kept["parcels"]
        if is_well_formed(each["geometry"]["coordinates"])
    ]
    features += [_fault(each["shape"], each["reason"]) for each in kept["problems"] if each["shape"]]
    features += [_fault(shape, "") for shape in kept["repaired"]]
    content = orjson.dumps({"type": "FeatureCollection", "features": features})
    return HttpResponse(content, content_type=GEOJSON, headers={"Cache-Control": "private, max-age=600"})


def _fault(shape: dict[str, Any], reason: str) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"fault": reason or True}, "geometry": shape}


def _kept(membership: Membership, project: Project, token: str) -> dict[str, Any] | None:
    try:
        kept = previews.find(membership.user, token)
    except NotFound:
        return None
    return kept if kept["project"] == project.code else None
