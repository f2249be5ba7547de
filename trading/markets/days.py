"""Close a day beyond weekends and public holidays, and open it again."""

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotFound
from ledger.parties.access import log_name, require_registrar
from ledger.parties.models import Membership
from ledger.texts import check_text
from ledger.transparency.services import append_record
from trading.markets.calendar import SHANGHAI
from trading.markets.models import ClosedDay

MAX_REASON = 200


@transaction.atomic
def close_day(*, actor: Membership, day: dt.date, reason: str) -> ClosedDay:
    """Have the markets with sessions stay closed on a day that is yet to come.

    Raises: NotAllowed, InvalidValue.
    """
    require_registrar(actor)
    _check_day(day)
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say why: the reason is shown to everyone."))
    check_text(reason.strip(), field="reason", most=MAX_REASON)
    try:
        with transaction.atomic():
            closed = ClosedDay.objects.create(day=day, reason=reason.strip())
    except IntegrityError as error:
        raise InvalidValue(field="day", reason=_("This day is closed already.")) from error
    _record("market_day_closed", closed, actor)
    return closed


@transaction.atomic
def open_day(*, actor: Membership, closed_day_id: int) -> None:
    """Have the markets trade after all on a day that was closed and is yet to come.

    Raises: NotAllowed, NotFound, InvalidValue.
    """
    require_registrar(actor)
    closed = ClosedDay.objects.select_for_update().filter(pk=closed_day_id).first()
    if closed is None:
        raise NotFound()
    _check_day(closed.day)
    _record("market_day_opened", closed, actor)
    closed.delete()


def _check_day(day: dt.date) -> None:
    # Today's sessions may have begun: a halt is what stops them.
    if day <= timezone.now().astimezone(SHANGHAI).date():
        raise InvalidValue(field="day", reason=_("Choose a day after today; what runs today is halted, not closed."))


def _record(kind: str, closed: ClosedDay, actor: Membership) -> None:
    append_record(
        kind=kind,
        body={"day": closed.day.isoformat(), "reason": closed.reason},
        actor=log_name(actor),
    )
