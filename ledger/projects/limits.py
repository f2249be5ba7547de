"""How large a project may be, where its methodology is one for small projects."""

from django.utils.translation import gettext as _

from ledger.errors import InvalidValue
from ledger.quantification import METHODOLOGIES


def refuse_too_large(*, methodology: str, net_t: int) -> None:
    """Refuse a project that expects more in a year than a small-scale methodology allows.

    Raises: InvalidValue, with both figures.
    """
    most_t = METHODOLOGIES[methodology].small_scale_limit_t
    if most_t is not None and net_t > most_t:
        reason = _(
            "The forecast is %(net)s t CO₂e a year; a project under this small-scale methodology has %(most)s t at most."
        )
        raise InvalidValue(field="parcels", reason=reason % {"net": f"{net_t:,}", "most": f"{most_t:,}"})
