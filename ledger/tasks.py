"""The registry's Celery tasks."""

import datetime as dt
from functools import partial

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from config.operations.replica import marking
from ledger.credits.reversals import ending
from ledger.credits.sharing import distributing
from ledger.credits.transfers import services as transfers
from ledger.idempotency.services import sweep_answers
from ledger.notices import deadlines, digests, sending, telling
from ledger.notices.choices import language_for
from ledger.notices.keeping import sweep_notices
from ledger.parties import rates, services
from ledger.parties.security import emails, sessions
from ledger.parties.security import services as security
from ledger.projects.documents import store
from ledger.registry.dumps import write_dump
from ledger.registry.imports import services as imports
from ledger.registry.places import refresh_places
from ledger.registry.totals import refresh_totals
from ledger.transparency import cosigning, sequencer
from ledger.webhooks import delivering
from ledger.webhooks.following import write_events
from ledger.webhooks.keeping import sweep_deliveries


@shared_task
def sequence_log() -> None:
    """Bring waiting records into the log."""
    sequencer.sequence_log()


@shared_task
def note_token_uses() -> None:
    """Write down when API tokens were last used."""
    rates.note_uses()


@shared_task
def warn_of_expiring_tokens() -> None:
    """Let people be told of their API tokens that end soon."""
    services.warn_of_expiring_tokens()


@shared_task
def expire_transfers() -> None:
    """Let transfers of credits expire that nobody has decided in time."""
    transfers.expire_transfers()


@shared_task
def push_checkpoint() -> None:
    """Show the newest checkpoint to the witnesses that wait for it."""
    cosigning.push_checkpoint()


@shared_task
def complete_projects() -> None:
    """Complete the projects that have come to their end."""
    ending.complete_projects(timezone.localdate())


@shared_task
def sweep_documents() -> None:
    """Delete files that no document names."""
    store.sweep_orphans()


@shared_task
def sweep_idempotent_requests() -> None:
    """Delete answers to requests that are not given again any more."""
    sweep_answers()


@shared_task
def share_proceeds() -> None:
    """Share what sales have brought among member households."""
    distributing.share_waiting_proceeds()


@shared_task
def refresh_registry() -> None:
    """Compute what public pages read of places and sums."""
    refresh_places()
    refresh_totals()


@shared_task
def import_references() -> None:
    """Import the files of other registries' data that wait."""
    imports.run_waiting_imports()


@shared_task
def dump_registry() -> None:
    """Write today's file with all that is public."""
    write_dump()


@shared_task
def note_lockout(username: str, address: str, browser: str) -> None:
    """Note that too many attempts have locked a name, where it is somebody's."""
    security.note_lockout(username=username, origin=security.Origin(address, browser))


@shared_task
def mail_password_reset(email: str, site: str, language: str | None) -> None:
    """Send a link to a new password, where somebody has verified this address."""
    emails.mail_password_reset(email=email, site=site, language_of=partial(language_for, otherwise=language))


@shared_task
def mail_verification(address_id: int, site: str, language: str | None) -> None:
    """Send the link that verifies an address."""
    emails.mail_verification(address_id=address_id, site=site, language_of=partial(language_for, otherwise=language))


@shared_task
def mail_security_event(event_id: int, language: str | None, to: str) -> None:
    """Tell an address that is a person's no more that another one has taken its place."""
    emails.mail_security_event(event_id=event_id, to=to, language_of=partial(language_for, otherwise=language))


@shared_task
def sweep_accounts() -> None:
    """Delete sessions that are over, and forget from where things were done long ago."""
    sessions.sweep_sessions()
    security.forget_origins(before=timezone.now() - dt.timedelta(days=settings.SECURITY_ADDRESS_DAYS))


@shared_task
def tell_what_is_recorded() -> None:
    """Write notices, and events for webhooks, of what the log has since last time."""
    telling.tell_what_is_recorded()
    write_events()


@shared_task
def tell_deadlines() -> None:
    """Tell of what is due soon or overdue."""
    deadlines.tell_deadlines()


@shared_task
def write_digests() -> None:
    """Write the digests that are due."""
    digests.write_digests()


@shared_task
def send_messages() -> None:
    """Send e-mails and text messages that are due."""
    sending.send_due_messages()


@shared_task
def deliver_webhooks() -> None:
    """Deliver events to the endpoints that they are due for."""
    delivering.deliver_due()


@shared_task
def sweep_told() -> None:
    """Delete notices, messages and deliveries that are older than they are kept."""
    sweep_notices()
    sweep_deliveries()


@shared_task
def mark_time() -> None:
    """Let standbys know what the time is at the primary."""
    marking.mark_time()
