"""`{% url %}` that remembers: a page names some eighty addresses, nearly all of them as the page before did.

A builtin of the templates (config/settings.py), so that none of them need load it.
"""

from functools import lru_cache
from typing import Any

from django import template
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as parse_url
from django.urls import NoReverseMatch, URLResolver, get_resolver, get_script_prefix, get_urlconf, reverse
from django.utils.html import conditional_escape

register = template.Library()
MOST = 4_096
PLAIN = (int, str)


def address_of(name: str, /, *args: Any, **kwargs: Any) -> str:
    """Return the address of a page as `reverse` does, and remember it.

    Raises: NoReverseMatch.
    """
    # True is 1 to a dictionary, and another address; what is of another type may not even have a hash.
    if any(type(value) not in PLAIN for value in (*args, *kwargs.values())):
        return reverse(name, args=args, kwargs=kwargs)
    return _found(get_resolver(get_urlconf()), get_script_prefix(), name, args, tuple(kwargs.items()))


@lru_cache(MOST)
def _found(
    _resolver: URLResolver, _prefix: str, name: str, args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...]
) -> str:
    return reverse(name, args=args, kwargs=dict(kwargs))


class AddressNode(URLNode):
    """A link that is written without looking for its address anew."""

    def render(self, context: Context) -> str:
        name = self.view_name.resolve(context)
        if not isinstance(name, str) or ":" in name:
            # What belongs to a site of its own, such as the desk, depends on where it is asked.
            return str(super().render(context))
        args = [arg.resolve(context) for arg in self.args]
        kwargs = {key: value.resolve(context) for key, value in self.kwargs.items()}
        try:
            address = address_of(name, *args, **kwargs)
        except NoReverseMatch:
            if self.asvar is None:
                raise
            address = ""
        if self.asvar:
            context[self.asvar] = address
            return ""
        return conditional_escape(address) if context.autoescape else address


@register.tag
def url(parser: Parser, token: Token) -> AddressNode:
    """Write the address of a page: as Django's own tag, which this one stands in for."""
    found = parse_url(parser, token)
    return AddressNode(found.view_name, found.args, found.kwargs, found.asvar)
