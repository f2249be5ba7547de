"""How pages write what is shared among households."""

from decimal import Decimal

from django import template
from django.utils.translation import gettext as _

from ledger.credits.sharing.models import WHOLE_BPS, SharingPlan
from ledger.projects.geometry import area_mu
from ledger.rounding import rounded

register = template.Library()


@register.filter
def exact_mu(area_ha: Decimal | None) -> str:
    """Return an area given in hectares in mu with two places: a household's field may be a part of one."""
    return "" if area_ha is None else rounded(area_mu(area_ha), 2)


@register.filter
def percent(bps: int) -> str:
    """Return basis points as a percentage, such as 12.5%."""
    written = f"{Decimal(bps) / 100:.2f}".rstrip("0").rstrip(".")
    return f"{written}%"


@register.filter
def percent_of(part: Decimal | int, whole: Decimal | int) -> str:
    """Return which part of a whole something is, as a percentage with two places."""
    return f"{Decimal(part) * 100 / Decimal(whole):.2f}%" if whole else "0%"


@register.filter
def rule_text(plan: SharingPlan) -> str:
    """Return in words how a plan parts what is not retained."""
    parts = [
        (plan.area_bps, _("by area")),
        (plan.equal_bps, _("equally")),
        (plan.contribution_bps, _("by contribution")),
    ]
    named = [(bps, text) for bps, text in parts if bps]
    if len(named) == 1 and named[0][0] == WHOLE_BPS:
        return named[0][1]
    return _(", ").join(f"{percent(bps)} {text}" for bps, text in named)
