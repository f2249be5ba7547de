"""Account statements as PDF, to be printed and kept."""

from decimal import Decimal
from io import BytesIO
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from ledger.journal.statements import Line, Statement
from ledger.journal.wording import asset_name, marked, owner_of
from ledger.printing.fonts import FONT, printable, register_fonts

MAX_LINES = 2_000
RUNS_SHOWN = 3
INK, SOFT, LINE, HEAD = (HexColor(colour) for colour in ("#1d231f", "#565c52", "#dcd7c8", "#e1eee4"))
MARGIN = 14 * mm
WIDTHS = [width * mm for width in (37, 72, 57, 27, 27, 31, 18)]

TITLE = ParagraphStyle("title", fontName=FONT, fontSize=16, leading=22, textColor=INK)
TEXT = ParagraphStyle("text", fontName=FONT, fontSize=9, leading=13, textColor=INK, wordWrap="CJK")
SMALL = ParagraphStyle("small", parent=TEXT, fontSize=8, leading=11, textColor=SOFT)
FIGURE = ParagraphStyle("figure", parent=TEXT, alignment=TA_RIGHT, wordWrap="LTR")


def statement_pdf(statement: Statement) -> bytes:
    """Return a statement as PDF, in the reader's language."""
    register_fonts()
    written = BytesIO()
    document = SimpleDocTemplate(
        written,
        pagesize=landscape(A4),
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=_("Account statement"),
        author="Tianhui",
    )
    document.build([*_head(statement), _table(statement)], onFirstPage=_number_page, onLaterPages=_number_page)
    return written.getvalue()


def _head(statement: Statement) -> list[Any]:
    account = statement.account
    about = _("%(owner)s, %(asset)s, account %(number)s") % {
        "owner": owner_of(account),
        "asset": asset_name(account.asset),
        "number": account.pk,
    }
    is_credit = account.asset.kind == account.asset.Kind.CREDIT
    balances = (
        f"{_('Opening balance')}: {_figure(statement.opening, is_credit)}",
        f"{_('Closing balance')}: {_figure(statement.closing, is_credit)}",
    )
    made = _("Made %(time)s. Times are those of Beijing; each transaction can be found in the log by its index.") % {
        "time": date_format(timezone.localtime(), "Y-m-d H:i:s")
    }
    return [
        Paragraph(printable(_("Account statement")), TITLE),
        Paragraph(printable(about), TEXT),
        Paragraph(printable(_period(statement)), TEXT),
        Paragraph(printable("    ".join(balances)), TEXT),
        Paragraph(printable(made), SMALL),
        Spacer(0, 4 * mm),
    ]


def _period(statement: Statement) -> str:
    period = statement.period
    return _("From %(start)s to %(end)s") % {
        "start": period.starts_on or pgettext("statement", "the beginning"),
        "end": period.ends_on or pgettext("statement", "now"),
    }


def _table(statement: Statement) -> LongTable:
    is_credit = statement.account.asset.kind == statement.account.asset.Kind.CREDIT
    unit = "t" if is_credit else _("yuan")
    head = [
        Paragraph(printable(_("Time")), TEXT),
        Paragraph(printable(_("What")), TEXT),
        Paragraph(printable(_("Counterparty")), TEXT),
        *(
            Paragraph(printable(text), FIGURE)
            for text in (pgettext("statement", "Received"), pgettext("statement", "Given"), f"{_('Balance')} ({unit})")
        ),
        Paragraph(printable(_("Log index")), FIGURE),
    ]
    rows = [
        head,
        _balance_row(_("Opening balance"), statement.opening, is_credit),
        *(_row(line, is_credit) for line in statement.lines),
        _balance_row(_("Closing balance"), statement.closing, is_credit),
    ]
    table = LongTable(rows, colWidths=WIDTHS, repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("BACKGROUND", (0, 0), (-1, 0), HEAD),
                ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    return table


def _balance_row(text: str, balance: int, is_credit: bool) -> list[Any]:
    return ["", Paragraph(printable(text), TEXT), "", "", "", Paragraph(_figure(balance, is_credit), FIGURE), ""]


def _row(line: Line, is_credit: bool) -> list[Any]:
    serials, more = line.first_runs(RUNS_SHOWN)
    if more:
        serials.append(f"(+{more})")
    return [
        Paragraph(date_format(timezone.localtime(line.occurred_at), "Y-m-d H:i:s"), TEXT),
        [
            Paragraph(printable(marked(line.text, is_reversed=line.is_reversed)), TEXT),
            *(Paragraph(printable(each), SMALL) for each in serials),
        ],
        Paragraph(printable(line.counterparty), TEXT),
        *(Paragraph(_figure(amount, is_credit), FIGURE) for amount in (line.received, line.given, line.balance)),
        Paragraph("" if line.log_index is None else str(line.log_index), FIGURE),
    ]


def _figure(amount: int | None, is_credit: bool) -> str:
    if amount is None:
        return ""
    return f"{amount:,}" if is_credit else f"{Decimal(amount) / 100:,.2f}"


def _number_page(canvas: Any, document: Any) -> None:
    canvas.setFont(FONT, 8)
    canvas.setFillColor(SOFT)
    canvas.drawRightString(landscape(A4)[0] - MARGIN, 8 * mm, str(document.page))
    canvas.drawString(MARGIN, 8 * mm, "Tianhui 田汇")
