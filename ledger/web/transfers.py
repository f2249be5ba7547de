"""Transfers of credits outside the market: offer, and decide what is offered."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.credits.selectors import batch_by_code, serial_numbers
from ledger.credits.transfers import services
from ledger.credits.transfers.models import CreditTransfer
from ledger.credits.transfers.selectors import (
    access_transfer_by_public_id,
    find_recipient,
    open_transfers,
    transfers_of,
)
from ledger.errors import DomainError
from ledger.journal.selectors import holding_in
from ledger.parties.models import Membership, Organisation
from ledger.parties.rights import Right, has_right
from ledger.templatetags.tianhui import tonnes, yuan
from ledger.texts import localized
from ledger.web.doors import carry_out, for_members, show
from ledger.web.forms.credits import TransferForm
from ledger.web.rights import may_hand_on

TRANSFERS_A_PAGE = 20
RUNS_SHOWN = 50
Fact = tuple[str | Promise, str]


@require_safe
@for_members
def transfer_list(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show the transfers that one has offered or been offered, those that are open at first."""
    is_all = request.GET.get("state") == "all"
    found = transfers_of(membership.organisation)
    page = Paginator(found if is_all else open_transfers(found), TRANSFERS_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "is_all": is_all, "organisation": membership.organisation}
    return render(request, "ledger/transfers/list.html", context)


@require_http_methods(["GET", "POST"])
@for_members
def transfer_new(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Offer credits of a batch: the form, what it says shown once more with the recipient's name, then the offer."""
    batch = batch_by_code(code)
    holding = holding_in(membership.organisation, batch.asset)
    if holding is None or not may_hand_on(membership):
        raise Http404
    form = TransferForm(request.POST or None, holding=holding)
    context = {"batch": batch, "project": batch.project, "form": form, "stands": services.STANDS.days}
    if form.is_valid() and "confirmed" in request.POST:
        made = carry_out(
            form,
            services.offer_transfer,
            actor=membership,
            batch_id=batch.pk,
            recipient=form.cleaned_data["recipient"],
            terms=form.terms(),
            idempotency_key=form.idempotency_key,
        )
        if made is not None:
            messages.success(request, _("The credits are offered, and held until the recipient decides."))
            return redirect("transfer", public_id=made.public_id)
    elif form.is_valid() and "change" not in request.POST:
        form.check_available()
        recipient = carry_out(
            form, find_recipient, named=form.cleaned_data.get("recipient", ""), sender=membership.organisation
        )
        if recipient is not None and form.is_valid():
            return render(request, "ledger/credits/confirm.html", context | _asked_again(form, recipient, code))
    return show(request, "ledger/transfers/new.html", context)


def _asked_again(form: TransferForm, recipient: Organisation, code: str) -> dict[str, object]:
    given = form.cleaned_data
    facts: list[Fact] = [
        (_("Recipient"), localized(recipient, "name")),
        (_("Credits"), code),
        (_("Tonnes"), tonnes(given["quantity_t"])),
        (_("Ground"), str(CreditTransfer.Ground(given["ground"]).label)),
    ]
    if given["price_fen"]:
        price = {"price": yuan(given["price_fen"]), "value": yuan(given["price_fen"] * given["quantity_t"])}
        facts.append((_("Price, for information"), _("¥%(price)s a tonne, ¥%(value)s in all") % price))
    if given["note"]:
        facts.append((_("Note"), given["note"]))
    return {
        "question": _("Offer %(quantity)s t to %(recipient)s?")
        % {"quantity": tonnes(given["quantity_t"]), "recipient": localized(recipient, "name")},
        "lead": _(
            "Once the recipient accepts, they are its own for good. Nothing is paid by this. Until then you can withdraw the offer."
        ),
        "facts": facts,
        "symbol": "send",
        "action": _("Offer them"),
    }


@require_safe
@for_members
def transfer_page(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Show a transfer, and what can be done about it."""
    transfer = access_transfer_by_public_id(public_id=public_id, membership=membership)
    is_open = transfer.outcome == CreditTransfer.State.OFFERED
    runs = [(run.lower, run.upper - 1) for run in transfer.serials or ()]
    context = {
        "transfer": transfer,
        "batch": transfer.batch,
        "project": transfer.batch.project,
        "serials": [serial_numbers(transfer.batch, *run) for run in runs[:RUNS_SHOWN]],
        "more": len(runs[RUNS_SHOWN:]),
        "is_sender": transfer.sender_id == membership.organisation_id,
        "may_decide": is_open and may_hand_on(membership) and transfer.recipient_id == membership.organisation_id,
        "may_withdraw": is_open
        and transfer.sender_id == membership.organisation_id
        and has_right(membership, Right.TRADE),
        "is_reversed": getattr(transfer.transaction, "reversed_by", None) is not None,
    }
    return render(request, "ledger/transfers/page.html", context)


@require_POST
@for_members
def transfer_accept(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Take what is offered."""
    return _decided(request, services.accept_transfer, membership, public_id, _("The credits are yours."))


@require_POST
@for_members
def transfer_decline(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Refuse what is offered."""
    return _decided(request, services.decline_transfer, membership, public_id, _("The transfer is declined."))


@require_POST
@for_members
def transfer_withdraw(request: HttpRequest, membership: Membership, public_id: UUID) -> HttpResponse:
    """Take an offer back."""
    done = _("The transfer is withdrawn, and the credits are free again.")
    return _decided(request, services.withdraw_transfer, membership, public_id, done)


def _decided(
    request: HttpRequest, decide: Callable[..., CreditTransfer], membership: Membership, public_id: UUID, done: str
) -> HttpResponse:
    """Decide about a transfer one can see, and go back to it, with what was refused where it was."""
    access_transfer_by_public_id(public_id=public_id, membership=membership)
    try:
        decide(actor=membership, public_id=public_id)
    except DomainError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, done)
    return redirect("transfer", public_id=public_id)
