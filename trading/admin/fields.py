"""Form fields for the rules of markets."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from trading.markets.sessions import MAX_SESSIONS, Session

MAX_LENGTH = 200

_TIME = r"(\d\d?:\d\d)"
# The times around the dash are those between which there is trading; what stands alone begins or ends a call auction.
_LINE = re.compile(rf"(?:{_TIME} )?{_TIME} ?[-–—~] ?{_TIME}(?: {_TIME})?", re.ASCII)


class SessionsField(forms.Field):
    """A trading day, a session a line, such as `09:15 09:30-11:30` and `13:00-14:57 15:00`; nothing: always open."""

    widget = forms.Textarea({"rows": MAX_SESSIONS, "spellcheck": "false"})
    default_error_messages = {
        "line": _("Line %(number)s is no session: write it as 09:15 09:30-11:30 or 13:00-14:57 15:00."),
        "long": _("That is more than the sessions of a day."),
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        return sessions_as_text(value) if isinstance(value, list) else value

    def to_python(self, value: str | None) -> list[Session]:
        """Return the sessions as a market keeps them."""
        text = unicodedata.normalize("NFKC", value or "")
        if len(text) > MAX_LENGTH:
            raise ValidationError(self.error_messages["long"], code="long")
        lines = [" ".join(line.split()) for line in text.splitlines()]
        return [self._session(number, line) for number, line in enumerate(lines, start=1) if line]

    def _session(self, number: int, line: str) -> Session:
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValidationError(self.error_messages["line"], code="line", params={"number": number})
        before, first, second, after = (time and time.zfill(len("09:30")) for time in found.groups())
        session = {"open": first, "close": after or second}
        if before:
            session = {"pre_open": before} | session
        return session | {"closing": second} if after else session


def sessions_as_text(sessions: Sequence[Session]) -> str:
    """Return sessions as the field takes them."""
    return "\n".join(_line(session) for session in sessions)


def _line(session: Session) -> str:
    closes = session["close"]
    before = f"{session['pre_open']} " if "pre_open" in session else ""
    after = f"{session['closing']} {closes}" if "closing" in session else closes
    return f"{before}{session['open']}-{after}"
