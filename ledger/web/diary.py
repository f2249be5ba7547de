"""The field diary: the page on the phone, the list, what it says of a season, and the worker that keeps the page at hand."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.errors import DomainError, InvalidValue, NotFound
from ledger.parties.models import Membership
from ledger.projects.concern import access_concerning_project, may_write_for
from ledger.projects.diary.content import CONTENT, Quantity
from ledger.projects.diary.models import DiaryEntry
from ledger.projects.diary.season import Remark, seasons_from_diary
from ledger.projects.diary.selectors import access_entry, diary_of, last_contents, season_names
from ledger.projects.diary.services import TENDED, withdraw_entry, write_entry
from ledger.projects.documents.models import Document
from ledger.projects.documents.services import NewDocument, add_document
from ledger.projects.models import Project
from ledger.projects.reports import take_over_diary
from ledger.spreadsheets import BYTE_ORDER_MARK, csv_row
from ledger.web import words
from ledger.web.doors import for_members, show
from ledger.web.forms.diary import NAMES, WORDS, DiaryFilter, DiaryForm, WithdrawForm, YearForm, initial_of
from ledger.web.rights import may_prepare
from ledger.web.worker import worker_source

ENTRIES_A_PAGE = 50
SHOWN = 5


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def diary_page(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Write into the diary, and see what was written last. Who only reads is shown the list."""
    project = access_concerning_project(code=code, membership=membership)
    if not may_write_for(project, membership):
        return redirect("diary_entries", code=project.code)
    parcels = list(project.parcels.order_by("id").values_list("code", "name", "practices"))
    form = DiaryForm(
        *([request.POST, request.FILES] if request.method == "POST" else []),
        parcels=[(parcel, name) for parcel, name, _practices in parcels],
        seasons=season_names(practices for _code, _name, practices in parcels),
        initial=initial_of(_corrected(request, project), last_contents(project)),
    )
    if request.method == "POST" and form.is_valid() and _write(form, membership, project):
        messages.success(request, _("It is in the diary."))
        return redirect("diary", code=project.code)
    context = {
        "project": project,
        "form": form,
        "is_tended": project.status in TENDED,
        "entries": diary_rows(diary_of(project)[:SHOWN]),
        "person": membership.user.public_id,
    }
    response = show(request, "ledger/diary/write.html", context)
    # The worker alone keeps it, and knows when to forget it.
    response["Cache-Control"] = "no-store"
    return response


def _corrected(request: HttpRequest, project: Project) -> DiaryEntry | None:
    number = request.GET.get("replaces", "")
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    entry = access_entry(project=project, entry_id=int(number))
    return None if entry.withdrawn_at else entry


def _write(form: DiaryForm, membership: Membership, project: Project) -> bool:
    """Write the entry and keep its photo, both or neither; a refusal goes beside the field at fault."""
    photo = form.cleaned_data["photo"]
    try:
        with transaction.atomic():
            entry = write_entry(actor=membership, project_id=project.pk, new=form.entry()).entry
            if photo:
                new = NewDocument(photo.read(), photo.name, Document.Kind.PHOTO, diary_entry_id=entry.pk)
                add_document(actor=membership, project_id=project.pk, new=new)
    except InvalidValue as error:
        error.field = "photo" if error.field == "file" else error.field
        form.refuse(error)
    except DomainError as error:
        form.add_error(None, str(error))
    return form.is_valid()


def diary_rows(entries: Any) -> list[dict[str, Any]]:
    """Return entries with what they say in words."""
    return [{"entry": entry, "said": said_in(entry)} for entry in entries]


def said_in(entry: DiaryEntry) -> list[tuple[str, str, str]]:
    """Return what an entry says: each time what it is, how much, and the unit."""
    found = []
    for name, what in CONTENT[entry.kind].items():
        if name not in entry.content:
            continue
        value = entry.content[name]
        if isinstance(what, Quantity):
            found.append((str(NAMES[name]), value, what.unit if what.unit != "1" else ""))
        else:
            found.append((str(NAMES[name]), words.word_for(WORDS[name], value), ""))
    return found


@require_safe
@for_members
def diary_entries(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """List the diary, by field, season, kind and day."""
    project = access_concerning_project(code=code, membership=membership)
    form = _filter(request, project)
    page = Paginator(diary_of(project, form.wanted()), ENTRIES_A_PAGE).get_page(request.GET.get("page"))
    asked = request.GET.copy()
    asked.pop("page", None)
    context = {
        "project": project,
        "form": form,
        "page": page,
        "rows": diary_rows(page),
        "asked": asked.urlencode(),
        "may_write": may_write_for(project, membership),
        "is_tended": project.status in TENDED,
        "withdraw_form": WithdrawForm(auto_id=False),
    }
    return show(request, "ledger/diary/entries.html", context)


def _filter(request: HttpRequest, project: Project) -> DiaryFilter:
    parcels = list(project.parcels.order_by("id").values_list("code", "practices"))
    return DiaryFilter(
        request.GET,
        parcels=[code for code, _practices in parcels],
        seasons=season_names(practices for _code, practices in parcels),
    )


@require_safe
@for_members
def diary_csv(request: HttpRequest, membership: Membership, code: str) -> StreamingHttpResponse:
    """Return the same entries as a file for spreadsheets, each field of an entry in a row of its own."""
    project = access_concerning_project(code=code, membership=membership)
    form = _filter(request, project)
    if not form.is_valid():
        field, messages_ = next(iter(form.errors.items()))
        raise InvalidValue(field=field, reason=str(messages_[0]))
    entries = diary_of(project, form.wanted())
    return StreamingHttpResponse(
        _csv(entries.iterator(chunk_size=500)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{project.code}-diary.csv"'},
    )


CSV_CONTENT = tuple(dict.fromkeys(name for asked in CONTENT.values() for name in asked))
CSV_COLUMNS = (
    *("entry", "parcel", "season", "kind", "happened_on", "happened_time"),
    *CSV_CONTENT,
    *("note", "latitude", "longitude", "accuracy_m", "photos", "received_at", "withdrawn_at", "withdrawal_reason"),
)


def _csv(entries: Iterator[DiaryEntry]) -> Iterator[str]:
    yield BYTE_ORDER_MARK + csv_row(CSV_COLUMNS)
    for entry in entries:
        before = (entry.season, entry.kind, entry.happened_on, entry.happened_time)
        content = (entry.content.get(name, "") for name in CSV_CONTENT)
        photos = " ".join(photo.sha256 for photo in entry.photos)  # type: ignore[attr-defined]
        after = (entry.latitude, entry.longitude, entry.accuracy_m, photos, _moment(entry.created_at))
        end = (_moment(entry.withdrawn_at), entry.withdrawal_reason)
        said = [*before, *content, entry.note, *after, *end]
        for parcel in entry.parcels:
            yield csv_row(["" if value is None else value for value in (entry.pk, parcel, *said)])


def _moment(at: dt.datetime | None) -> str:
    return "" if at is None else timezone.localtime(at).isoformat(timespec="seconds")


@require_POST
@for_members
def diary_withdraw(request: HttpRequest, membership: Membership, code: str, entry_id: int) -> HttpResponse:
    """Withdraw an entry, with a reason."""
    project = access_concerning_project(code=code, membership=membership)
    try:
        withdraw_entry(
            actor=membership, project_id=project.pk, entry_id=entry_id, reason=request.POST.get("reason", "")
        )
    except InvalidValue as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The entry is withdrawn: it counts no more."))
    return redirect("diary_entries", code=project.code)


@require_safe
@for_members
def diary_season(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Show what the diary says of each field's seasons in a year, beside what was registered."""
    project = access_concerning_project(code=code, membership=membership)
    years = _years(project)
    form = YearForm(request.GET or None, years=years)
    year = form.cleaned_data["year"] if form.is_valid() else (years or [project.crediting_starts_on.year])[0]
    if not form.is_bound:
        form = YearForm(years=years, initial={"year": year})
    seasons, remarks = seasons_from_diary(project, dt.date(year, 1, 1), dt.date(year, 12, 31))
    said = defaultdict(list)
    for remark in remarks:
        said[remark.parcel, remark.season].append(remark)
    context = {
        "project": project,
        "form": form,
        "year": year,
        "seasons": [(season, said.pop((season.parcel, season.name), [])) for season in seasons],
        "others": _together(remark for rest in said.values() for remark in rest),
        "may_report": may_prepare(membership)
        and may_write_for(project, membership)
        and project.status == Project.Status.REGISTERED,
    }
    return show(request, "ledger/diary/season.html", context)


def _years(project: Project) -> list[int]:
    """Return the years of the crediting period that have begun, the last first."""
    last = min(project.crediting_ends_on, timezone.localdate())
    return list(range(last.year, project.crediting_starts_on.year - 1, -1))


@require_POST
@for_members
def diary_report(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Take what the diary says of a year over into its report: a draft that is there, or one that is begun now."""
    project = access_concerning_project(code=code, membership=membership)
    form = YearForm({"year": request.POST.get("vintage")}, years=_years(project))
    if not form.is_valid():
        raise NotFound()
    year = form.cleaned_data["year"]
    try:
        taken = take_over_diary(actor=membership, project_id=project.pk, vintage=year)
    except InvalidValue as error:
        messages.error(request, str(error))
        return redirect(f"{reverse('diary_season', kwargs={'code': project.code})}?year={year}")
    said = ngettext(
        "Taken over from the diary: %(count)s field. Look at it before you hand the report in.",
        "Taken over from the diary: %(count)s fields. Look at each before you hand the report in.",
        taken.fields,
    )
    messages.success(request, said % {"count": taken.fields})
    return redirect("report_edit", code=project.code, report_id=taken.report.pk)


def _together(remarks: Iterable[Remark]) -> list[tuple[str, str, list[str]]]:
    """Return remarks that are the same but of other fields as one: season, text, fields."""
    fields: dict[tuple[str, str], list[str]] = defaultdict(list)
    for remark in remarks:
        fields[remark.season, remark.text] += [remark.parcel] if remark.parcel else []
    return [(season, text, parcels) for (season, text), parcels in fields.items()]


@require_safe
def diary_worker(request: HttpRequest) -> HttpResponse:
    """Return the worker that opens the diary's page without a connection. Its version is the hash of what it keeps."""
    return HttpResponse(
        worker_source(),
        content_type="text/javascript; charset=utf-8",
        # It lies above the pages that it may serve; each registration names one page alone.
        headers={"Service-Worker-Allowed": "/projects/", "Cache-Control": "no-cache"},
    )
