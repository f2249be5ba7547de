"""Who acts for the organisation: the list, invitations, roles, and what each role may do."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.errors import DomainError
from ledger.parties import invitations, members, role_changes
from ledger.parties.addresses import address_of
from ledger.parties.models import Membership, RoleChange, User
from ledger.parties.rights import RIGHTS, Right, has_right
from ledger.parties.selectors import members_of
from ledger.web.addresses import public_address
from ledger.web.doors import carry_out, for_members, reader_of, show
from ledger.web.forms.people import InviteForm, RoleForm

MEMBERS_SHOWN = 200


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def member_list(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List members, and let owners invite.

    The answer to the form is the page itself: the link is shown this once, and rests nowhere on the way.
    """
    form = InviteForm(membership.organisation.kind, request.POST or None)
    link = None
    if form.is_valid():
        made = carry_out(form, invitations.invite_member, actor=membership, **form.cleaned_data)
        if made is not None:
            link = (made[0], public_address(request, "invitation", made[1]))
            form = InviteForm(membership.organisation.kind)
    return show(request, "ledger/members/list.html", _context(membership) | {"form": form, "link": link})


def _context(membership: Membership) -> dict[str, Any]:
    is_owner = has_right(membership, Right.MEMBERS)
    decides = is_owner or has_right(membership, Right.APPROVE)
    waiting = role_changes.role_changes_seen_by(membership).filter(
        organisation_id=membership.organisation_id, state=RoleChange.State.PROPOSED
    )
    return {
        "members": list(members_of(membership)[:MEMBERS_SHOWN]),
        "rights": rights_table(membership.organisation.kind),
        "is_owner": is_owner,
        "decides": decides,
        "needs_two": members.needs_two(membership.organisation),
        "is_alone": is_owner and invitations.stands_alone(membership.organisation, membership.user),
        "invitations": list(invitations.open_invitations_of(membership)) if decides else [],
        "changes": list(waiting) if decides else [],
    }


def rights_table(kind: str) -> dict[str, Any]:
    """Return what each role of a kind of organisation may do: roles across, and for each right who has it."""
    roles = RIGHTS[kind]
    used = [right for right in Right if any(right in held for held in roles.values())]
    return {
        "roles": [Membership.Role(role).label for role in roles],
        "rows": [(right.label, [right in held for held in roles.values()]) for right in used],
    }


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def member_page(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Show a member, and let owners give them another role; among the operator's people it is proposed."""
    member = members.access_member(actor=membership, public_id=public_id)
    form = RoleForm(membership.organisation.kind, request.POST or None, initial={"role": member.role})
    if form.is_valid() and _give_role(request, form, membership, member):
        return redirect("members")
    context = {
        "member": member,
        "form": form,
        "is_owner": has_right(membership, Right.MEMBERS),
        "is_self": member.pk == membership.pk,
        "needs_two": members.needs_two(membership.organisation),
        "rights": rights_table(membership.organisation.kind),
    }
    return show(request, "ledger/members/member.html", context)


def _give_role(request: HttpRequest, form: RoleForm, actor: Membership, member: Membership) -> bool:
    role = form.cleaned_data["role"]
    if members.needs_two(actor.organisation):
        proposed = carry_out(form, role_changes.propose_change, actor=actor, person=member.user, role=role)
        if proposed is not None:
            messages.info(request, _("The change is proposed: another has to confirm it."))
        return proposed is not None
    changed = carry_out(form, members.change_role, actor=actor, public_id=member.user.public_id, role=role)
    if changed is not None:
        messages.success(
            request,
            _("%(person)s is %(role)s now.") % {"person": changed.user, "role": changed.get_role_display()},
        )
    return changed is not None


@require_POST
@for_members
def member_remove(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Remove a member; among the operator's people it is proposed."""
    if members.needs_two(membership.organisation):
        person = members.access_member(actor=membership, public_id=public_id).user
        role_changes.propose_change(actor=membership, person=person, role="")
        messages.info(request, _("The change is proposed: another has to confirm it."))
        return redirect("members")
    removed = members.remove_member(actor=membership, public_id=public_id)
    messages.success(request, _("%(person)s acts for the organisation no longer.") % {"person": removed.user})
    return redirect("members")


@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def leave(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Ask whether one wants to leave (GET), and leave (POST): the session ends with it."""
    if request.method == "POST":
        members.leave_organisation(actor=membership)
        return redirect("login")
    return render(request, "ledger/members/leave.html", {"organisation": membership.organisation})


@require_POST
@for_members
def invitation_withdraw(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Make an invitation worthless."""
    invitations.withdraw_invitation(actor=membership, public_id=public_id)
    messages.success(request, _("The invitation is withdrawn: its link is worthless."))
    return redirect("members")


@require_POST
@for_members
def invitation_confirm(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Confirm an invitation as the second person."""
    invitations.confirm_invitation(actor=membership, public_id=public_id)
    messages.success(request, _("The invitation is confirmed: its link is good now."))
    return redirect("members")


@require_POST
@for_members
def role_change_confirm(request: HttpRequest, membership: Membership, change_id: int) -> HttpResponse:
    """Confirm a change as the second person, which makes it."""
    role_changes.confirm_change(actor=membership, change_id=change_id)
    messages.success(request, _("The change is made."))
    return redirect("members")


@require_POST
@for_members
def role_change_refuse(request: HttpRequest, membership: Membership, change_id: int) -> HttpResponse:
    """Refuse a change, or take it back."""
    role_changes.refuse_change(actor=membership, change_id=change_id)
    messages.success(request, _("The change is refused: nothing changes."))
    return redirect("members")


@never_cache
@require_safe
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Show whoever has the link who invites them, and to what; they log in or sign up, and accept."""
    try:
        offered = invitations.find_invitation(secret=secret, address=address_of(request))
    except DomainError as error:
        if _is_in(request, secret):
            return unlisted(redirect("work"))
        return unlisted(_refused(request, error))
    back = reverse("invitation", args=[secret])
    context = {"invitation": offered, "secret": secret, "back": back, "reader": reader_of(request)}
    return unlisted(render(request, "ledger/members/invitation.html", context))


@never_cache
@require_POST
@login_required
def invitation_accept(request: HttpRequest, secret: str) -> HttpResponse:
    """Take the role that is offered."""
    assert isinstance(request.user, User)
    try:
        joined = invitations.accept_invitation(user=request.user, secret=secret, address=address_of(request))
    except DomainError as error:
        if _is_in(request, secret):
            return unlisted(redirect("work"))
        return unlisted(_refused(request, error))
    messages.success(
        request,
        _("You act for %(organisation)s now, as %(role)s.")
        % {"organisation": joined.organisation, "role": joined.get_role_display()},
    )
    return redirect("work")


def _is_in(request: HttpRequest, secret: str) -> bool:
    """Return whether somebody opens the link by which they came in: pressed twice, or found again in their messages."""
    return isinstance(request.user, User) and invitations.has_accepted(user=request.user, secret=secret)


def _refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    response = render(request, "ledger/members/no_invitation.html", {"error": error}, status=error.status)
    if "seconds" in error.params:
        response["Retry-After"] = str(error.params["seconds"])
    return response


def unlisted(response: HttpResponse) -> HttpResponse:
    """Keep a page with a secret in its address out of search engines.

    Other sites never learn the address: the referrer goes to our own pages alone (SECURE_REFERRER_POLICY). It must go there,
    since browsers that send none call a form's origin null, which is refused as forged.
    """
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
