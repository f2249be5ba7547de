"""What every endpoint of the API can do: say who asks, read body and query, answer with a page of a list."""

from collections.abc import Callable, Iterable
from functools import cache, cached_property, partial
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.exceptions import APIException
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import ViewSet

from ledger.api.conditions import settle_caching
from ledger.api.deprecation import deprecation_of, tell
from ledger.api.once import HEADER, once, takes_key
from ledger.api.pagination import NewestFirst
from ledger.api.rights import budget_name, scope_of
from ledger.api.serializers import StrictSerializer, refuse_unknown
from ledger.errors import DomainError, RateLimited
from ledger.parties.access import find_membership, membership_of
from ledger.parties.addresses import address_of
from ledger.parties.models import Membership, User
from ledger.parties.rates import UPLOADS, Caller, Standing, caller_of, from_address, take
from ledger.parties.scopes import Scope, require_scope
from ledger.parties.selectors import token_at_hand

_KEY = f"HTTP_{HEADER.upper().replace('-', '_')}"


class OnlyJson(DefaultContentNegotiation):
    """There is one format: whatever is asked for, JSON is the answer."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class Endpoint(ViewSet):
    """The endpoints of one subject. A method's name is its operation's; urls.py says where each is found."""

    tag: ClassVar[str]
    # The scope that a token needs for what writes, where the operation itself names no other (ledger/api/rights.py).
    writes: ClassVar[Scope] = Scope.MANAGE
    # What the operations answer that read: for so many seconds anybody may keep it. None: it is for who has asked.
    shared_seconds: ClassVar[int | None] = None
    pagination_class = NewestFirst
    content_negotiation_class = OnlyJson
    _is_query_read = False

    caller: Caller
    # What is left of the caller's budget; None where nothing was counted.
    standing: Standing | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Count the request, let in whoever may come, and where it has a key let the operation be done once.

        Who comes does so by a token, within the token's scope, or by a session.

        Raises: RateLimited, InsufficientScope, and what authentication and the framework refuse.
        """
        address = address_of(request)
        scope = scope_of(self, self.action, request.method)
        try:
            self.caller = caller_of(request.user, address)
        except (APIException, DomainError):
            # Forged tokens use up what their sender has, and so do sessions that are not strong enough.
            self.caller = from_address(address)
            self.spend(budget_name(scope), 1)
            raise
        if str(request.content_type).startswith("multipart/"):
            self.spend(UPLOADS, 1)
        self.spend(budget_name(scope), 1)
        super().initial(request, *args, **kwargs)
        token = token_at_hand(request.user)
        if token is not None and scope is not None:
            require_scope(token.scopes, scope)
        if request.META.get("QUERY_STRING"):
            self._watch_query(request)
        self._watch_key(request)

    def spend(self, budget: str, cost: int) -> None:
        """Take from a budget of the caller.

        Raises: RateLimited.
        """
        self.standing = take(budget, self.caller, cost)
        if self.standing is not None and self.standing.wait:
            raise RateLimited(seconds=self.standing.wait)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Say what is left of the budget, and who may keep the answer and for how long."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        if self.standing is not None:
            answer["RateLimit-Policy"] = self.standing.policy
            answer["RateLimit"] = self.standing.limit
        settle_caching(self.request._request, answer, self.shared_seconds)
        deprecation = deprecation_of(getattr(self, self.action, None)) if self.action else None
        if deprecation is not None:
            tell(answer, deprecation)
        return answer

    def _watch_key(self, request: Request) -> None:
        """Let an operation that comes with a key be done once."""
        key = request.META.get(_KEY)
        # Who is nobody has no keys of their own: others could guess them.
        if key is not None and request.method == "POST" and request.user.is_authenticated:
            method = getattr(self, self.action)
            if takes_key(method):
                setattr(self, "post", partial(once, method, key))  # noqa: B010 (as_view sets it the same way)

    def _watch_query(self, request: Request) -> None:
        """Let an operation that reads no query refuse one: what is not understood is not passed over in silence."""
        method = str(request.method).lower()
        if method not in ("get", "head"):
            refuse_unknown(request.query_params, ())
        else:
            setattr(self, method, partial(self._with_query_read, getattr(self, method, None)))

    def _with_query_read(self, read: Any, request: Request, **where: Any) -> Any:
        if read is None:
            return self.http_method_not_allowed(request)
        answer = read(request, **where)
        if not self._is_query_read:
            refuse_unknown(request.query_params, ())
        return answer

    @property
    def person(self) -> User:
        """Who calls; only where log-in is required."""
        assert isinstance(self.request.user, User)
        return self.request.user

    @cached_property
    def viewer(self) -> Membership | None:
        """For whom the caller acts; None for a visitor, or somebody of no organisation."""
        return find_membership(self.request.user)

    @cached_property
    def actor(self) -> Membership:
        """For whom the caller acts; somebody of no organisation is refused."""
        return membership_of(self.request.user)

    def body(self, serializer: type[StrictSerializer]) -> dict[str, Any]:
        """Return the body, checked.

        Raises: ValidationError, ParseError.
        """
        return _read(serializer, self.request.data)

    def query(self, serializer: type[StrictSerializer]) -> dict[str, Any]:
        """Return the query parameters, checked.

        Raises: ValidationError.
        """
        self._is_query_read = True
        return _read(serializer, self.request.query_params.dict())

    def page(
        self,
        rows: QuerySet[Any],
        serializer: type[Serializer[Any]],
        context: Callable[[list[Any]], dict[str, Any]] = lambda _found: {},
    ) -> Response:
        """Answer with the page of a list that the query asks for; `context` reads what its rows need at once."""
        paginator = self.pagination_class()
        found = paginator.paginate_queryset(rows, self.request, self)
        assert found is not None
        return paginator.get_paginated_response(serializer(found, many=True, context=context(found)).data)


def show(serializer: type[Serializer[Any]], thing: Any) -> Any:
    """Return one thing as the API writes it, by a serializer that needs no context."""
    return _shared(serializer).to_representation(thing)


def _read(serializer: type[StrictSerializer], given: Any) -> dict[str, Any]:
    checked: dict[str, Any] = _shared(serializer).run_validation(given)
    return checked


@cache
def _shared(serializer: type[Serializer[Any]]) -> Serializer[Any]:
    """Return a serializer that is made once: making one copies all its fields, which takes longer than to use it.

    Reading and writing through it leave nothing behind in it.
    """
    return serializer()
