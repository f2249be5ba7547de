"""How numbers, links and documents are written at the desk."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, Protocol

import orjson
from django.contrib import admin
from django.db import models
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from ledger.journal.models import Account, Asset, Hold
from ledger.parties.models import User

EMPTY = "–"
HECTARES_A_MU = Decimal(1) / 15


class Range(Protocol):
    """Serial numbers as PostgreSQL gives them: the upper bound is not among them."""

    lower: int
    upper: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that belong to an object, shown below it; where there are more, the link to all of them."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]
    all_url: str = ""
    # Which columns hold figures, and are set to the right.
    figures: frozenset[int] = field(default_factory=frozenset)
    # Whether cells hold sentences, which may break into lines.
    is_text: bool = False


def yuan(amount_fen: int) -> str:
    """Return an amount of money as it is written in a column. Units: fen in, yuan out, exactly."""
    whole, rest = divmod(abs(amount_fen), 100)
    return f"{'−' if amount_fen < 0 else ''}{whole:,}.{rest:02d}"


def money(amount_fen: int) -> str:
    """Return an amount of money as it stands alone."""
    return f"{'−' if amount_fen < 0 else ''}¥{yuan(abs(amount_fen))}"


def tonnes(quantity_t: int) -> str:
    """Return whole tonnes with thousands set apart."""
    return f"{'−' if quantity_t < 0 else ''}{abs(quantity_t):,}"


def amount_of(asset: Asset, amount: int) -> str:
    """Return an amount of an asset with its unit: money in yuan, credits in tonnes."""
    return money(amount) if asset.kind == Asset.Kind.CASH else f"{tonnes(amount)} t"


def amount_of_hold(hold: Hold, asset: Asset) -> str:
    """Return what remains of a hold; of a sealed bid's, which would tell the bid, only that it is sealed."""
    is_sealed = hold.purpose == Hold.Purpose.SEALED_BID and hold.remaining > 0
    return _("sealed") if is_sealed else amount_of(asset, hold.remaining)


def held_on(account: Account, asset: Asset, sealed: Collection[int]) -> tuple[str, str]:
    """Return what is held on an account, and what is available; of accounts with a sealed bid, that it is sealed."""
    if account.pk in sealed:
        return _("sealed"), _("sealed")
    return amount_of(asset, account.held), amount_of(asset, account.available)


def area(area_ha: Decimal | None) -> str:
    """Return an area in hectares and in mu."""
    if area_ha is None:
        return EMPTY
    return _("%(hectares)s ha (%(mu)s mu)") % {
        "hectares": f"{area_ha:,.2f}",
        "mu": f"{area_ha / HECTARES_A_MU:,.1f}",
    }


def moment(at: dt.datetime | None) -> str:
    """Return a time in the house's time zone, to the second."""
    return date_format(localtime(at), "Y-m-d H:i:s") if at else EMPTY


def at_moment(field: str, label: Any) -> Any:
    """Return a column that shows a time to the second, where Django's own stops at the minute."""

    @admin.display(description=label, ordering=field)
    def shown(obj: Any) -> str:
        return moment(getattr(obj, field))

    shown.__name__ = field
    return shown


def object_url(obj: models.Model) -> str:
    """Return the address of an object at the desk."""
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def list_url(model: type[models.Model], **filters: str | int) -> str:
    """Return the address of a list at the desk, filtered."""
    address = _address_of_list(model)
    return f"{address}?{urlencode(filters)}" if filters else address


@cache
def _address_of_list(model: type[models.Model]) -> str:
    """Look an address up once: it is the same for everybody, and each page of the desk names sixty of them."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def link(obj: models.Model | None, text: object = None) -> str:
    """Return a link to an object at the desk."""
    if obj is None:
        return EMPTY
    return format_html('<a href="{}">{}</a>', object_url(obj), obj if text is None else text)


def link_by_id(model: type[models.Model], pk: int | None, text: object = None) -> str:
    """Return a link to an object that has not been read."""
    return EMPTY if pk is None else link(model(pk=pk), pk if text is None else text)


def person(actor: str) -> str:
    """Return a link to the person whom the log names by an opaque id, or the name as it stands."""
    kind, _colon, public_id = actor.partition(":")
    found = User.objects.filter(public_id=public_id).first() if kind == "user" else None
    return link(found, f"{found} ({actor})") if found else actor


def people_of(actors: Iterable[str]) -> dict[str, User]:
    """Return the people whom the log names by opaque ids, by these names, in one query."""
    public_ids = {public_id for kind, _colon, public_id in (actor.partition(":") for actor in actors) if kind == "user"}
    return (
        {f"user:{user.public_id}": user for user in User.objects.filter(public_id__in=public_ids)} if public_ids else {}
    )


def serial_run(serials: Range) -> str:
    """Return a run of serial numbers, first to last."""
    return f"{serials.lower} – {serials.upper - 1}"


def serial_runs(ranges: Iterable[Range] | None) -> str:
    """Return several runs of serial numbers, each of which leads to the way of its first tonne, from the field on."""
    runs = ((reverse("trace", args=[serials.lower]), serial_run(serials)) for serials in ranges or ())
    return format_html_join(", ", '<a href="{}">{}</a>', runs) or EMPTY


def document(value: Any) -> SafeString:
    """Return JSON as it is read by people, indented."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return format_html('<pre class="document" tabindex="0">{}</pre>', text)


def plain_text(text: str) -> SafeString:
    """Return text in its own lines, set as it is."""
    return format_html('<pre class="document" tabindex="0">{}</pre>', text)
