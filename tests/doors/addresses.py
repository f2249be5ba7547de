"""Every address of the pages and the API, filled with things of a scene."""

from typing import Any

from django.urls import get_resolver
from django.urls.resolvers import URLPattern

# What stands for a part of an address, by how the address begins; the first that fits.
ABOUT = (
    ("projects/<code:code>/draft", "<code:code>", "draft"),
    ("projects/<code:code>/fields", "<code:code>", "draft"),
    ("projects/<code:code>/submit", "<code:code>", "draft"),
    ("projects/<code:code>/validate", "<code:code>", "in_validation"),
    ("projects/<code:code>/reject", "<code:code>", "in_validation"),
    ("projects/<code:code>/risk/", "<code:code>", "stated"),
    ("projects/<code:code>/risk", "<code:code>", "soil"),
    ("projects/<code:code>/reports/<int:report_id>", "<code:code>", "examined_project"),
    ("projects/", "<code:code>", "registered"),
    ("projects/<code:code>/reports/<int:report_id>/edit", "<int:report_id>", "report_draft"),
    ("projects/<code:code>/reports/<int:report_id>/discard", "<int:report_id>", "report_draft"),
    ("projects/<code:code>/reports/<int:report_id>/fields", "<int:report_id>", "report_draft"),
    ("projects/<code:code>/reports/<int:report_id>/accept", "<int:report_id>", "handed_in"),
    ("projects/<code:code>/reports/<int:report_id>/decline", "<int:report_id>", "handed_in"),
    ("projects/<code:code>/reports/<int:report_id>/assign", "<int:report_id>", "handed_in"),
    ("projects/", "<int:report_id>", "examined"),
    ("projects/<code:code>/reports", "<int:parcel_id>", "examined_parcel"),
    ("projects/", "<id:parcel_id>", "draft_parcel"),
    ("projects/", "<int:assessment_id>", "risk"),
    ("projects/", "<id:entry_id>", "diary_entry"),
    ("credits/", "<code:code>", "batch"),
    ("batches/", "<code:code>", "batch"),
    ("markets/", "<code:symbol>", "batch"),
    ("markets/", "<symbol>", "batch"),
    ("documents/", "<uuid:public_id>", "document"),
    ("transfers/", "<uuid:public_id>", "transfer"),
    ("credit-transfers/", "<uuid:public_id>", "transfer"),
    ("cancellations/", "<uuid:public_id>", "cancellation"),
    ("reversals/", "<uuid:public_id>", "reversal"),
    ("retirements/", "<uuid:public_id>", "retirement"),
    ("households/", "<uuid:public_id>", "household"),
    ("organisations/", "<uuid:public_id>", "approved"),
    ("members/invitations/<uuid:public_id>/confirm", "<uuid:public_id>", "offered"),
    ("members/invitations/", "<uuid:public_id>", "invitation"),
    ("members/", "<uuid:public_id>", "member"),
    ("invitations/", "<str:secret>", "secret"),
    ("first-operator/", "<str:code>", "secret"),
    ("", "<id:change_id>", "role_change"),
    ("webhooks/", "<uuid:public_id>", "webhook"),
    ("", "<id:delivery_id>", "delivery"),
    ("", "<id:notice_id>", "notice"),
    ("", "<id:factor_id>", "factor"),
    ("", "<id:session_id>", "session"),
    ("", "<id:payment_id>", "payment"),
    ("", "<id:bank_account_id>", "bank_account"),
    ("orders/", "<int:order_id>", "order"),
    ("sell/", "<int:order_id>", "sale"),
    ("", "<int:account_id>", "account"),
    ("", "<id:account_id>", "account"),
    ("", "<id:payout_id>", "payout"),
    ("", "<id:distribution_id>", "distribution"),
    ("", "<int:order_id>", "order"),
    ("", "<id:order_id>", "order"),
    ("", "<id:offer_id>", "offer"),
    ("", "<id:auction_id>", "auction"),
    ("", "<id:bid_id>", "bid"),
    ("", "<id:record_id>", "record"),
    ("", "<int:token_id>", "token"),
    ("", "<id:token_id>", "token"),
    ("", "<id:alert_id>", "alert"),
    ("", "<id:report_id>", "examined"),
    ("", "<str:serial>", "serial"),
    ("", "<id:finding_id>", "finding"),
    ("", "<id:answered_id>", "answered"),
)
# What is in an address as it is.
WORDS = {
    "<slug:methodology_id>": "rice-water-1",
    "<slug:name>": "cooperative",
    "<slug:part>": "baseline",
    "<slug:person>": "1",
    "<slug:step>": "withdraw",
    "<slug:kind>": "projects",
    "<int:part>": "1",
    "<path:project_id>": "VCS1",
    "<str:level>": "0",
    "<path:number>": "000",
    "<str:name>": "20260101.zip",
    "<str:token>": "nothing",
    "<slug:token>": "nothing",
    "<str:word>": "nothing",
}


def addresses_below(prefix: str, modules: tuple[str, ...]) -> list[tuple[str, URLPattern]]:
    """Return the addresses that some modules list, each with what answers there, in the order of the modules."""
    found = []
    for resolver in get_resolver().url_patterns:
        if getattr(resolver, "urlconf_name", None) and getattr(resolver.urlconf_name, "__name__", "") in modules:
            assert str(resolver.pattern) == prefix
            found += [(str(pattern.pattern), pattern) for pattern in resolver.url_patterns]
    assert found
    return found


def filled(address: str, names: dict[str, Any]) -> str:
    """Return an address with things of the scene in it.

    Raises: AssertionError where nothing of them stands for a part of it.
    """
    result = address
    for start, part, name in ABOUT:
        if address.startswith(start) and part in result:
            result = result.replace(part, str(names[name]))
    for part, word in WORDS.items():
        result = result.replace(part, word)
    assert not set("<>()^$") & set(result), f"what is {result} about? Add it to ABOUT."
    return "/" + result


# Written as regular expressions, because a path converter cannot say what is in them.
WRITTEN_OUT = {
    r"^projects/(?P<code>[A-Za-z0-9-]{1,40})/reports/(?P<report_id>[0-9]{1,18})/findings/(?P<finding_id>[0-9]{1,18})/"
    r"(?P<step>answer|close|reopen)$": [
        "projects/<code:code>/reports/<int:report_id>/findings/<id:finding_id>/answer",
        "projects/<code:code>/reports/<int:report_id>/findings/<id:finding_id>/close",
        "projects/<code:code>/reports/<int:report_id>/findings/<id:answered_id>/reopen",
    ],
    r"^downloads/(?P<schema>[a-z-]+)/(?P<table>[a-z]+)\.(?P<form>csv|json)$": ["downloads/cad-trust/projects.csv"],
    r"^trace/?$": ["trace"],
    r"^trace/(?P<serial>[^/]+)/?$": ["trace/<str:serial>"],
}


def page_addresses() -> list[str]:
    """Return the addresses of all pages, and of the log."""
    pages = [pattern for pattern, _view in addresses_below("", ("ledger.web.urls", "trading.web.urls"))]
    pages += [f"log/{pattern}" for pattern, _view in addresses_below("log/", ("ledger.web.log_urls",))]
    return [address for pattern in pages for address in WRITTEN_OUT.get(pattern, [pattern])]
