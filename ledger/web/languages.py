"""The language of pages, and of what is sent to whoever chooses one."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.views.i18n import LANGUAGE_QUERY_PARAMETER
from django.views.i18n import set_language as show_pages_in

from ledger.notices.services import choose_language
from ledger.parties.models import User


def set_language(request: HttpRequest) -> HttpResponseBase:
    """Show pages in a language from now on; whoever is logged in is written to in it as well."""
    language = request.POST.get(LANGUAGE_QUERY_PARAMETER, "") if request.method == "POST" else ""
    if isinstance(request.user, User) and language in dict(settings.LANGUAGES):
        choose_language(person=request.user, language=language)
    return show_pages_in(request)
