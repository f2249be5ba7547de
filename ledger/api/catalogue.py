"""Every code that a problem can have: made from the tree of errors, so that none is left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from ledger.api.advice import BY_STATUS
from ledger.errors import DomainError

# What is refused before a rule of the domain is asked, by code: status, and when.
FRAMEWORK: dict[str, tuple[int, Promise]] = {
    "invalid_input": (400, _("The body, a file, or the query is not what the schema says; `errors` names each fault.")),
    "parse_error": (400, _("The body is no JSON object, or cannot be read.")),
    "not_authenticated": (401, _("There is no token, and no session.")),
    "authentication_failed": (401, _("The token is unknown, over or revoked.")),
    "permission_denied": (403, _("A session without its CSRF token.")),
    "method_not_allowed": (405, _("The address does not know this method.")),
    "unsupported_media_type": (415, _("The body is of another content type than the operation takes.")),
    "internal_error": (500, _("Something went wrong on our side.")),
    "database_out_of_reach": (503, _("The database does not answer just now. Try again in a moment.")),
}


@dataclass(frozen=True, slots=True)
class KnownProblem:
    """A code: its status, what it says (with … where a refusal says what), and what to do about it."""

    code: str
    status: int
    messages: tuple[str | Promise, ...]
    advice: Promise

    @property
    def title(self) -> str:
        return self.code.replace("_", " ")


def type_of(code: str) -> str:
    """Return the URI that identifies a code's problems, and leads to the page about it. Source: RFC 9457 §3.1.1."""
    return f"{settings.PUBLIC_URL}/api/problems/{code}"


@cache
def known_problems() -> dict[str, KnownProblem]:
    """Return what is known of every code, by code in alphabetical order."""
    advice = {code: text for path in settings.PROBLEM_ADVICE for code, text in import_string(path).items()}
    found = {code: (status, (message,)) for code, (status, message) in FRAMEWORK.items()}
    for error in sorted(_errors(), key=lambda one: one.__module__ + one.__qualname__):
        _status, said = found.get(error.code, (error.status, ()))
        found[error.code] = (error.status, (*said, *(() if error.message in said else (error.message,))))
    return {
        code: KnownProblem(code, status, said, advice.get(code) or BY_STATUS[status])
        for code, (status, said) in sorted(found.items())
    }


def _errors(base: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    """Yield the tree below, without what only others derive from."""
    for error in base.__subclasses__():
        yield error
        yield from _errors(error)
