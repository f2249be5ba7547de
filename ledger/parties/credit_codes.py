"""Unified social credit codes, which name every organisation in mainland China."""

from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue

# Digits and capitals without I, O, S, V and Z, each worth its place.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
LENGTH = 18


def normal_credit_code(text: str) -> str:
    """Return a code as it is written: in capitals, without the spaces and hyphens that people put into it."""
    return "".join(text.split()).replace("-", "").upper()


def is_credit_code(code: str) -> bool:
    """Return whether a code is one: 18 characters of its alphabet, six digits of a place, and the check character.

    Source: GB 32100-2015, section 4 and annex A (ISO 7064 MOD 31-3).
    """
    if len(code) != LENGTH or any(letter not in ALPHABET for letter in code):
        return False
    if not code[2:8].isdigit():
        return False
    return check_character(code[:-1]) == code[-1]


def check_character(code: str) -> str:
    """Return the last character of a code, which checks the seventeen before it."""
    total = sum(ALPHABET.index(letter) * weight for letter, weight in zip(code, WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def check_credit_code(code: str, *, field: str) -> None:
    """Refuse a code that is none; an empty one says that there is none.

    Raises: InvalidValue.
    """
    if code and not is_credit_code(code):
        raise InvalidValue(
            field=field,
            reason=_(
                "This is no unified social credit code: it has 18 digits and capitals, and the last one checks the others."
            ),
        )
