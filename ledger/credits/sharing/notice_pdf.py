"""The notice as PDF, A4 upright, in both languages."""

from decimal import Decimal
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

import segno
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from ledger.credits.sharing.notice import Notice
from ledger.projects.geometry import area_mu

FONT = "STSong-Light"
INK, SOFT, LINE, HEAD = (HexColor(colour) for colour in ("#1d231f", "#565c52", "#dcd7c8", "#e1eee4"))
MARGIN = 16 * mm
QR_SIDE = 26 * mm
TITLE = ParagraphStyle("title", fontName=FONT, fontSize=20, leading=27, textColor=INK, wordWrap="CJK")
TEXT = ParagraphStyle("text", fontName=FONT, fontSize=10.5, leading=15, textColor=INK, wordWrap="CJK")
SMALL = ParagraphStyle("small", parent=TEXT, fontSize=8, leading=11, textColor=SOFT)
FIGURE = ParagraphStyle("figure", parent=TEXT, alignment=TA_RIGHT, wordWrap="LTR")


def notice_pdf(notice: Notice, address: str) -> bytes:
    """Return a notice as PDF; `address` is where its record is checked."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    written = BytesIO()
    document = SimpleDocTemplate(
        written,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=both(_("Notice of shares")),
        author="Tianhui",
    )
    document.build(
        [*_head(notice), _sums(notice), Spacer(0, 4 * mm), _table(notice), Spacer(0, 5 * mm), _proof(address)],
        onFirstPage=_number_page,
        onLaterPages=_number_page,
    )
    return written.getvalue()


def both(text: str | Promise) -> str:
    """Return a text in Chinese, and in English after it."""
    said = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said.append(str(text))
    chinese, english = said
    return chinese if chinese == english else f"{chinese} {english}"


def _head(notice: Notice) -> list[Any]:
    name = notice.cooperative.name
    english = notice.cooperative.name_en
    days = " – ".join(
        dict.fromkeys(date_format(timezone.localtime(at), "Y-m-d") for at in (notice.starts_at, notice.ends_at))
    )
    plans = [
        Paragraph(escape(line), SMALL) for plan in notice.plans for line in (plan_line(plan), plan.statement) if line
    ]
    return [
        Paragraph(escape(both(_("Notice of shares"))), TITLE),
        Paragraph(escape(f"{name} {english}".strip()), TEXT),
        Paragraph(escape(days), TEXT),
        *plans,
        Spacer(0, 3 * mm),
    ]


def plan_line(plan: Any) -> str:
    """Return in both languages what a plan says."""
    parts = [
        f"{_percent(bps)} {both(text)}"
        for bps, text in (
            (plan.area_bps, _("by area")),
            (plan.equal_bps, _("equally")),
            (plan.contribution_bps, _("by contribution")),
        )
        if bps
    ]
    kept = f"{both(_('The cooperative keeps'))}: {_percent(plan.retained_bps)}"
    purpose = f" ({plan.retained_for})" if plan.retained_for else ""
    return f"{kept}{purpose}; {both(_('The rest is shared'))}: {', '.join(parts)}"


def _sums(notice: Notice) -> Table:
    rows = [
        [
            Paragraph(escape(f"{batch.project} {batch.asset} · {both(_('sales'))}: {batch.sales}"), TEXT),
            Paragraph(_yuan(batch.net_fen), FIGURE),
        ]
        for batch in notice.batches
    ]
    rows += [
        [Paragraph(escape(both(_("Net proceeds"))), TEXT), Paragraph(_yuan(notice.net_fen), FIGURE)],
        [Paragraph(escape(both(_("Kept by the cooperative"))), TEXT), Paragraph(_yuan(notice.retained_fen), FIGURE)],
        [Paragraph(escape(both(_("Shared among households"))), TEXT), Paragraph(_yuan(notice.shared_fen), FIGURE)],
    ]
    table = Table(rows, colWidths=[138 * mm, 40 * mm])
    table.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE)]))
    return table


def _table(notice: Notice) -> LongTable:
    titles = [_("Household code"), *([_("Name of the household")] if notice.with_names else []), _("mu"), _("yuan")]
    styles = [TEXT, *([TEXT] if notice.with_names else []), FIGURE, FIGURE]
    head = [Paragraph(escape(both(title)), style) for title, style in zip(titles, styles, strict=True)]
    rows = [head]
    for line in notice.lines:
        cells = [line.code, *([line.name] if notice.with_names else [])]
        figures = [f"{area_mu(line.area_ha):,.2f}", _yuan(line.amount_fen)]
        rows.append(
            [*(Paragraph(escape(cell), TEXT) for cell in cells), *(Paragraph(figure, FIGURE) for figure in figures)]
        )
    sums = [f"{area_mu(notice.area_ha):,.2f}", _yuan(notice.shared_fen)]
    empty = [""] if notice.with_names else []
    rows.append([Paragraph(escape(both(_("Sum"))), TEXT), *empty, *(Paragraph(sum_, FIGURE) for sum_ in sums)])
    widths = [38, 70, 30, 40] if notice.with_names else [78, 50, 50]
    table = LongTable(rows, colWidths=[width * mm for width in widths], repeatRows=1)
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


def _proof(address: str) -> Table:
    said = [
        Paragraph(
            escape(both(_("Each figure stands in the public record. Scan this to check that it is there."))), SMALL
        ),
        Paragraph(escape(address), SMALL),
    ]
    table = Table([[qr_drawing(address), said]], colWidths=[QR_SIDE + 6 * mm, 178 * mm - QR_SIDE - 6 * mm])
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("LEFTPADDING", (0, 0), (0, 0), 0)]))
    return table


def qr_drawing(address: str) -> Drawing:
    """Return an address as a QR code."""
    matrix = segno.make(address, error="m", micro=False).matrix
    side = QR_SIDE / len(matrix)
    drawing = Drawing(QR_SIDE, QR_SIDE)
    for row, modules in enumerate(matrix):
        for column, module in enumerate(modules):
            if module:
                top = QR_SIDE - (row + 1) * side
                drawing.add(Rect(column * side, top, side, side, fillColor=INK, strokeColor=None, strokeWidth=0))
    return drawing


def _percent(bps: int) -> str:
    written = f"{Decimal(bps) / 100:.2f}".rstrip("0").rstrip(".")
    return f"{written}%"


def _yuan(fen: int) -> str:
    return f"{Decimal(fen) / 100:,.2f}"


def _number_page(canvas: Any, document: Any) -> None:
    canvas.setFont(FONT, 8)
    canvas.setFillColor(SOFT)
    canvas.drawRightString(A4[0] - MARGIN, 8 * mm, str(document.page))
    canvas.drawString(MARGIN, 8 * mm, "Tianhui 田汇")
