"""Notices about webhooks: to the owners, of what is set up and of what we have paused."""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext_lazy as _

from ledger.notices.book import Book
from ledger.notices.kinds import NoticeKind, add_kinds
from ledger.notices.models import Group, Severity
from ledger.notices.rules import OWNERS, Telling, Told, on
from ledger.transparency.following import LoggedRecord
from ledger.webhooks.calling import host_of
from ledger.webhooks.models import WebhookEndpoint

_SECURITY = Group.SECURITY
_PLACE = {"public_id": "endpoint"}
KINDS = (
    NoticeKind(
        "webhook_added",
        _SECURITY,
        _("A webhook to %(host)s was added"),
        _("It is told of events of your organisation. If you know nothing of it, remove it."),
        Severity.WARNING,
        "webhook",
        _PLACE,
    ),
    NoticeKind("webhook_changed", _SECURITY, _("The webhook to %(host)s was changed"), page="webhook", place=_PLACE),
    NoticeKind(
        "webhook_secret_rotated",
        _SECURITY,
        _("The webhook to %(host)s has a new secret"),
        page="webhook",
        place=_PLACE,
    ),
    NoticeKind(
        "webhook_paused",
        _SECURITY,
        _("The webhook to %(host)s is paused: it does not answer as it should"),
        _("Mend it, and set it going again: what waits is delivered then."),
        Severity.ACTION,
        "webhook",
        _PLACE,
    ),
    NoticeKind("webhook_removed", _SECURITY, _("The webhook to %(host)s was removed"), page="webhooks"),
)
add_kinds(*KINDS)


@on(*(kind.name for kind in KINDS))
def _about_webhooks(records: Sequence[LoggedRecord], book: Book) -> Iterable[Telling]:
    found = WebhookEndpoint.objects.filter(public_id__in=[record.body["endpoint"] for record in records])
    hosts = {str(each.public_id): host_of(each.url) for each in found}
    for record in records:
        organisation = book.organisation(record.body)
        # Who pauses one knows it; what we pause ourselves is to be told.
        if organisation is None or (record.kind == "webhook_paused" and record.actor != "system"):
            continue
        said = {"endpoint": record.body["endpoint"], "host": hosts.get(record.body["endpoint"], "")}
        yield Telling(record.kind, Told(organisation.pk, OWNERS), said, record.at, record.actor)
