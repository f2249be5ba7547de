"""Pictures of a portfolio: how its tonnes are divided, and what they were worth over time."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from ledger.texts import localized
from ledger.web.charts import Chart, Part, Text, in_yuan, line_chart, share_parts
from trading.portfolio.history import Worth
from trading.portfolio.selectors import Share

FILLS = ("fill-1", "fill-2", "fill-3", "fill-4", "fill-5")
REST = "fill-6"


def vintage_parts(shares: Sequence[Share]) -> list[Part]:
    """Return the parts that vintages have of the tonnes; the smallest together where there are many."""
    return _parts([(share.key, share.sums.tonnes) for share in shares])


def project_parts(shares: Sequence[Share]) -> list[Part]:
    """Return the parts that projects have of the tonnes."""
    return _parts([(localized(share.lines[0].project, "name"), share.sums.tonnes) for share in shares])


def _parts(amounts: Sequence[tuple[Text, int]]) -> list[Part]:
    largest = sorted(amounts, key=lambda each: -each[1])
    shown, rest = largest[: len(FILLS)], largest[len(FILLS) :]
    parts = [(text, tonnes, fill) for (text, tonnes), fill in zip(shown, FILLS, strict=False)]
    if rest:
        parts.append((_("all others"), sum(tonnes for _text, tonnes in rest), REST))
    return share_parts(parts)


def worth_chart(worths: Sequence[Worth]) -> Chart | None:
    """Return what credits were worth over time, from nought on; None where nothing has had a price yet."""
    if not any(worth.value_fen for worth in worths):
        return None
    return line_chart(
        "worth",
        _("Value of the credits over time"),
        _("yuan"),
        points=[(worth.at, worth.value_fen) for worth in worths],
        head=_("Time"),
        value=_("Value in yuan"),
        write=in_yuan,
        from_zero=True,
    )
