"""Certificates of retirement, and statements of cancellation, as a sheet of A4 in both languages."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import segno
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from ledger.credits.cancellations.models import Cancellation
from ledger.credits.models import Batch, Retirement
from ledger.credits.selectors import serial_numbers
from ledger.printing.bilingual import both
from ledger.printing.fonts import FONT, printable, register_fonts

RUNS_SHOWN = 30
INK, SOFT, LINE, PADDY = (HexColor(colour) for colour in ("#1d231f", "#565c52", "#cfc9b6", "#1c6140"))
MARGIN = 22 * mm
# What a frame of reportlab leaves of the page: six points inside the margin on each side.
WIDTH = A4[0] - 2 * MARGIN - 12
QR_SIDE = 30 * mm

TEXT = ParagraphStyle("text", fontName=FONT, fontSize=9.5, leading=14, textColor=INK, wordWrap="CJK")
LABEL = ParagraphStyle("label", parent=TEXT, fontSize=8, leading=11, textColor=SOFT)
SMALL = ParagraphStyle("small", parent=TEXT, fontSize=7.5, leading=10.5, textColor=SOFT)
SMALL_MIDDLE = ParagraphStyle("small middle", parent=SMALL, alignment=TA_CENTER)
MIDDLE = ParagraphStyle("middle", parent=TEXT, alignment=TA_CENTER)
HOUSE = ParagraphStyle("house", parent=MIDDLE, fontSize=13, leading=18, textColor=PADDY)
TITLE = ParagraphStyle("title", parent=MIDDLE, fontSize=25, leading=34)
SECOND = ParagraphStyle("second", parent=MIDDLE, fontSize=10.5, leading=15, textColor=SOFT)
NAME = ParagraphStyle("name", parent=MIDDLE, fontSize=18, leading=25)
FIGURE = ParagraphStyle("figure", parent=MIDDLE, fontSize=36, leading=44, textColor=PADDY)

Text = str | Promise
Fact = tuple[Text, Sequence[object]]
"""What a line is about, and its lines: a text that is translated stands in both languages."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What a document says, from above to below."""

    title: Text
    number: str
    lead: Text
    name: Text
    code: str
    statement: Text
    quantity_t: int
    facts: Sequence[Fact]
    serials: Sequence[str]
    address: str
    scan: Text
    log_index: int | None
    record_id: int | None


def retirement_pdf(
    retirement: Retirement,
    *,
    address: str,
    shows_beneficiary: bool,
    log_index: int | None,
    record_id: int | None,
) -> bytes:
    """Return the certificate of a retirement; where the beneficiary is not public, without whatever would tell it."""
    hidden = _("not public")
    facts: list[Fact] = [
        (_("Purpose"), [_label(Retirement.Purpose(retirement.purpose))]),
        *_origin(retirement.batch),
        (_("Retired by"), [_name_of(retirement.organisation) if shows_beneficiary else hidden]),
        (_("Retired on"), [_moment(retirement.retired_at)]),
    ]
    if shows_beneficiary:
        facts += _of_use(retirement)
    return _written(
        _Sheet(
            title=_("Certificate of retirement"),
            number=str(retirement.public_id),
            lead=_("In the name of"),
            name=retirement.beneficiary_name if shows_beneficiary else _("a beneficiary that is not public"),
            code=retirement.beneficiary_code if shows_beneficiary else "",
            statement=_("have been retired for good"),
            quantity_t=retirement.quantity_t,
            facts=facts,
            serials=_serials(retirement.batch, retirement.serials),
            address=address,
            scan=_("Scan this, or open the address: your own browser checks that the public log says the same."),
            log_index=log_index,
            record_id=record_id,
        )
    )


def cancellation_pdf(cancellation: Cancellation, *, address: str, shows_holder: bool, log_index: int | None) -> bytes:
    """Return the statement of a cancellation; whose credits they were only where the reader may know it."""
    organisation = cancellation.organisation
    holder: object = _("the buffer pool of the registry") if organisation is None else _name_of(organisation)
    facts: list[Fact] = [
        (_("Reason"), [_label(Cancellation.Reason(cancellation.reason))]),
        *_origin(cancellation.batch),
        (_("Held until then by"), [holder if shows_holder else _("not public")]),
        (_("Cancelled on"), [_moment(cancellation.cancelled_at)]),
    ]
    if cancellation.note:
        facts.append((_("Note"), [cancellation.note]))
    return _written(
        _Sheet(
            title=_("Statement of cancellation"),
            number=str(cancellation.public_id),
            lead=pgettext_lazy("certificate", "Cancelled"),
            name=_label(Cancellation.Kind(cancellation.kind)),
            code="",
            statement=_("have been cancelled for good, and are used by nobody"),
            quantity_t=cancellation.quantity_t,
            facts=facts,
            serials=_serials(cancellation.batch, cancellation.serials),
            address=address,
            scan=_(
                "Scan this, or open the address: the registry's own page of this cancellation, with its place in the log."
            ),
            log_index=log_index,
            record_id=cancellation.record_id,
        )
    )


def _of_use(retirement: Retirement) -> list[Fact]:
    facts: list[Fact] = []
    if retirement.period_starts_on and retirement.period_ends_on:
        facts.append((_("Time of use"), [f"{retirement.period_starts_on} – {retirement.period_ends_on}"]))
    if retirement.beneficiary_place:
        facts.append((_("Place of the beneficiary"), [retirement.beneficiary_place]))
    if retirement.court_name:
        facts.append((_("Court and case"), [retirement.court_name, retirement.case_number]))
    if retirement.note:
        facts.append((_("Note"), [retirement.note]))
    return facts


def _origin(batch: Batch) -> list[Fact]:
    project = batch.project
    names = [project.name, project.name_en] if project.name_en else [project.name]
    return [
        (_("Project"), [*names, project.code]),
        (_("Place"), [project.place]),
        (_("Vintage"), [str(batch.vintage)]),
    ]


def _label(choice: Any) -> Text:
    label: Text = choice.label
    return label


def _name_of(organisation: Any) -> str:
    return f"{organisation.name} {organisation.name_en}".strip()


def _moment(at: Any) -> str:
    return f"{date_format(timezone.localtime(at), 'Y-m-d H:i')} Asia/Shanghai"


def _serials(batch: Batch, ranges: Any) -> list[str]:
    return [serial_numbers(batch, run.lower, run.upper - 1) for run in ranges]


# Setting it


class _Code(Flowable):  # type: ignore[misc]
    """A code to scan."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.width = self.height = QR_SIDE
        self._rows = tuple(segno.make(address, error="m", micro=False).matrix)

    def draw(self) -> None:
        side = QR_SIDE / len(self._rows)
        self.canv.setFillColor(INK)
        for at, row in enumerate(self._rows):
            for place, is_dark in enumerate(row):
                if is_dark:
                    self.canv.rect(place * side, QR_SIDE - (at + 1) * side, side, side, stroke=0, fill=1)


def _written(sheet: _Sheet) -> bytes:
    register_fonts()
    content = BytesIO()
    document = SimpleDocTemplate(
        content,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=20 * mm,
        bottomMargin=18 * mm,
        title=" ".join(filter(None, both(sheet.title))),
        author="Tianhui 田汇",
        subject=sheet.number,
    )
    document.build(
        [*_head(sheet), _facts(sheet), *_numbers(sheet), Spacer(0, 5 * mm), _proof(sheet)],
        onFirstPage=_frame,
        onLaterPages=_frame,
    )
    return content.getvalue()


def _head(sheet: _Sheet) -> list[Any]:
    return [
        Paragraph(printable("田汇 Tianhui"), HOUSE),
        *_two(_("Registry of farmland carbon credits"), MIDDLE, SMALL_MIDDLE),
        Spacer(0, 7 * mm),
        *_two(sheet.title, TITLE, SECOND),
        Paragraph(printable(sheet.number), SMALL_MIDDLE),
        Spacer(0, 6 * mm),
        *_two(sheet.lead, MIDDLE, SMALL_MIDDLE),
        *_two(sheet.name, NAME, SECOND),
        *([Paragraph(printable(sheet.code), SMALL_MIDDLE)] if sheet.code else []),
        Spacer(0, 3 * mm),
        *_two(sheet.statement, MIDDLE, SMALL_MIDDLE),
        Paragraph(printable(f"{sheet.quantity_t:,}"), FIGURE),
        *_two(_("tonnes CO₂e"), MIDDLE, SMALL_MIDDLE),
        Spacer(0, 6 * mm),
    ]


def _two(text: Text, first: ParagraphStyle, second: ParagraphStyle) -> list[Paragraph]:
    """Return a text in Chinese and, below it, in English."""
    chinese, english = both(text)
    return [Paragraph(printable(chinese), first), *([Paragraph(printable(english), second)] if english else [])]


def _facts(sheet: _Sheet) -> Table:
    cells = [_fact(label, lines) for label, lines in sheet.facts]
    rows = [cells[at : at + 2] for at in range(0, len(cells), 2)]
    if len(rows[-1]) == 1:
        rows[-1].append([])
    table = Table(rows, colWidths=[WIDTH / 2, WIDTH / 2])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEABOVE", (0, 0), (-1, 0), 0.7, LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return table


def _fact(label: Text, lines: Sequence[object]) -> list[Paragraph]:
    found = [Paragraph(printable(" ".join(filter(None, both(label)))), LABEL)]
    for line in lines:
        if isinstance(line, Promise):
            found += _two(line, TEXT, LABEL)
        else:
            found.append(Paragraph(printable(line), TEXT))
    return found


def _numbers(sheet: _Sheet) -> list[Paragraph]:
    label = " ".join(filter(None, both(_("Serial numbers"))))
    shown = [Paragraph(printable(serial), TEXT) for serial in sheet.serials[:RUNS_SHOWN]]
    more = len(sheet.serials) - len(shown)
    rest = [Paragraph(printable(f"(+{more})"), SMALL)] if more else []
    return [Paragraph(printable(label), LABEL), *shown, *rest]


def _proof(sheet: _Sheet) -> Table:
    lines = [
        *_two(sheet.scan, SMALL, SMALL),
        Paragraph(printable(sheet.address), SMALL),
        Spacer(0, 1.5 * mm),
        Paragraph(printable(_place(sheet)), SMALL),
    ]
    table = Table([[_Code(sheet.address), lines]], colWidths=[QR_SIDE + 6 * mm, WIDTH - QR_SIDE - 6 * mm])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEABOVE", (0, 0), (-1, 0), 0.7, LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 8),
            ]
        )
    )
    return table


def _place(sheet: _Sheet) -> str:
    parts = []
    if sheet.record_id is not None:
        parts.append(f"{' '.join(filter(None, both(_('Record'))))}: {sheet.record_id}")
    if sheet.log_index is not None:
        parts.append(f"{' '.join(filter(None, both(_('Place in the public log'))))}: {sheet.log_index}")
    else:
        parts.append(" ".join(filter(None, both(_("The record waits for its place in the public log.")))))
    return " · ".join(parts)


def _frame(canvas: Any, _document: Any) -> None:
    """Draw the border: a strong line, and a fine one inside it."""
    width, height = A4
    for inset, line, colour in ((9 * mm, 1.4, PADDY), (11 * mm, 0.5, LINE)):
        canvas.setStrokeColor(colour)
        canvas.setLineWidth(line)
        canvas.rect(inset, inset, width - 2 * inset, height - 2 * inset, stroke=1, fill=0)
