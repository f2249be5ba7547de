"""Notices: what one was told, and how one wants to be."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.notices import services
from ledger.notices.choices import groups_for, settings_of
from ledger.notices.mail import address_for
from ledger.notices.models import Group
from ledger.notices.selectors import narrowed, notices_of
from ledger.notices.sms import is_sms_possible
from ledger.notices.words import say
from ledger.parties.models import User
from ledger.web.doors import carry_out, for_people, reader_of, show, unread_of
from ledger.web.forms.notices import PhoneCodeForm, PhoneForm, PreferencesForm

NOTICES_A_PAGE = 30


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@require_safe
@for_people
def notice_list(request: HttpRequest) -> HttpResponse:
    """Show what one was told, newest first: all, or what is unread, or about one thing."""
    group = request.GET.get("about", "")
    group = group if group in Group.values else ""
    is_unread = request.GET.get("state") == "unread"
    found = narrowed(notices_of(_person(request)), group=group, is_unread=is_unread)
    page = Paginator(found, NOTICES_A_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    context = {
        "page": page,
        "notices": [(notice, say(notice)) for notice in shown],
        "newest": shown[0].pk if shown else 0,
        "group": group,
        "groups": _groups_shown(request),
        "is_unread": is_unread,
        "unread": unread_of(request),
    }
    return render(request, "ledger/notices/list.html", context)


def _groups_shown(request: HttpRequest) -> list[Group]:
    return list(groups_for(reader_of(request)))


@require_safe
@for_people
def notice_open(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Go where a notice leads; it is read then."""
    notice = services.read_notice(person=_person(request), notice_id=notice_id)
    return redirect(say(notice).address or "notices")


@require_POST
@for_people
def notices_read(request: HttpRequest) -> HttpResponse:
    """Mark one notice as read, or all up to the newest that was on the page."""
    person = _person(request)
    given = {name: request.POST.get(name, "") for name in ("notice", "up_to")}
    numbers = {name: int(text) for name, text in given.items() if text.isascii() and text.isdigit() and len(text) < 19}
    if "notice" in numbers:
        services.read_notice(person=person, notice_id=numbers["notice"])
    elif "up_to" in numbers:
        count = services.read_all_notices(person=person, up_to=numbers["up_to"])
        said = ngettext("%(count)s notice is marked as read.", "%(count)s notices are marked as read.", count)
        messages.success(request, said % {"count": count})
    else:
        raise Http404
    return redirect(f"{reverse('notices')}?state=unread" if request.POST.get("state") == "unread" else "notices")


@require_http_methods(["GET", "POST"])
@for_people
def preferences(request: HttpRequest) -> HttpResponse:
    """Choose how one is told."""
    person = _person(request)
    form = PreferencesForm(request.POST or None, membership=reader_of(request), chosen=settings_of(person))
    if form.is_valid() and carry_out(form, services.choose, person=person, wishes=form.wishes()) is not None:
        messages.success(request, _("Kept: from now on you are told so."))
        return redirect("notice_preferences")
    return show(request, "ledger/notices/preferences.html", _context(request, form))


def _context(request: HttpRequest, form: PreferencesForm, **more: Any) -> dict[str, Any]:
    person, chosen = _person(request), form.chosen
    return {
        "form": form,
        "chosen": chosen,
        "address": address_for(person),
        "unverified": "" if address_for(person) else person.email,
        "has_sms": is_sms_possible(),
        "awaits_code": chosen.phone_code_hash is not None,
        "phone_form": PhoneForm(initial={"phone": chosen.phone}),
        "code_form": PhoneCodeForm(),
    } | more


@require_POST
@for_people
def phone(request: HttpRequest) -> HttpResponse:
    """Have a code sent to a phone, or take the code."""
    person = _person(request)
    if "code" in request.POST:
        code_form = PhoneCodeForm(request.POST)
        if code_form.is_valid():
            code = code_form.cleaned_data["code"]
            if carry_out(code_form, services.confirm_phone, person=person, code=code) is not None:
                messages.success(request, _("The number is confirmed: choose now what is to come as a text message."))
                return redirect("notice_preferences")
        return _again(request, code_form=code_form)
    phone_form = PhoneForm(request.POST)
    if phone_form.is_valid():
        number = phone_form.cleaned_data["phone"]
        if carry_out(phone_form, services.send_phone_code, person=person, phone=number) is not None:
            messages.success(request, _("A code is on its way to your phone. Enter it here."))
            return redirect("notice_preferences")
    return _again(request, phone_form=phone_form)


def _again(request: HttpRequest, **more: Any) -> HttpResponse:
    form = PreferencesForm(membership=reader_of(request), chosen=settings_of(_person(request)))
    return show(request, "ledger/notices/preferences.html", _context(request, form, **more))
