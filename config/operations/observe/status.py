"""How each part stands, in words: for the operator's status page. It judges by what the metrics say, too."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from config.operations.observe import health, standing
from config.operations.observe.standing import QueueStanding, Standing

LATE_INSTRUCTION, BROKEN_INSTRUCTION = 5.0, 30.0
LATE_RECORD, BROKEN_RECORD = 10.0, 60.0
LATE_PULSE, BROKEN_PULSE = 30.0, 120.0
# The books are checked in minutes, during which their worker takes nothing else.
LATE_AUDIT, BROKEN_AUDIT = 30 * 60.0, 3 * 60 * 60.0
LATE_RUN = 26 * 60 * 60.0
LATE_WITNESS, BROKEN_WITNESS = dt.timedelta(minutes=10), dt.timedelta(hours=6)
LATE_FOLLOWER, BROKEN_FOLLOWER = 1_000, 50_000
LATE_MESSAGE, BROKEN_MESSAGE = 5 * 60.0, 60 * 60.0
LATE_REPLICA, BROKEN_REPLICA = 10.0, 300.0
LATE_BACKUP, BROKEN_BACKUP = 26 * 60 * 60.0, 50 * 60 * 60.0
MANY_CONNECTIONS = 0.8


class State(StrEnum):
    OK = "ok"
    ATTENTION = "attention"
    BROKEN = "broken"


# What is said of each state, the gravest first.
WORDS: dict[State, str | Promise] = {
    State.BROKEN: gettext_lazy("broken"),
    State.ATTENTION: gettext_lazy("needs a look"),
    State.OK: gettext_lazy("works"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part: how it stands, since when where that is known, what is measured, and where the runbook tells what to do."""

    name: str
    state: State
    figure: str
    runbook: str
    since: dt.datetime | None = None
    advice: str = ""

    @property
    def word(self) -> str:
        return str(WORDS[self.state])


def parts() -> list[Part]:
    """Return every part: what is worst first, and otherwise in the order in which one depends on the other."""
    order = list(WORDS)
    return sorted(_parts(), key=lambda part: order.index(part.state))


def _parts() -> Iterator[Part]:
    try:
        found = standing.read_standing()
    except DatabaseError:
        advice = _("Nothing works without it. Look whether it runs, and whether this host reaches it.")
        yield Part(_("Database"), State.BROKEN, _("no answer"), "database-down", advice=advice)
    else:
        yield from _of_database(found)
        yield from _of_trading(found)
        yield from _of_log(found)
        yield _of_books(found)
        yield from _of_messages(found)
    try:
        queues = standing.read_queues()
    except redis.RedisError:
        advice = _("Orders are taken in and executed all the same. Live pages poll, and nothing is limited.")
        yield Part("Redis", State.ATTENTION, _("no answer"), "redis-down", advice=advice)
    else:
        yield from _of_queues(queues)
    yield from _of_disks()
    yield from _of_backups()


def judge(value: float, late: float, broken: float) -> State:
    """Return how a figure stands of which more is worse."""
    if value > broken:
        return State.BROKEN
    return State.ATTENTION if value > late else State.OK


def _since(seconds: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(seconds=seconds)


def _of_database(found: Standing) -> Iterator[Part]:
    database = found.database
    used = sum(database.connections.values())
    state = State.ATTENTION if used > MANY_CONNECTIONS * database.most_connections else State.OK
    figure = _("%(used)s of %(most)s connections, %(size)s GB") % {
        "used": used,
        "most": database.most_connections,
        "size": f"{found.slow.size_bytes / 1e9:.2f}",
    }
    advice = _("Close what is not needed, or allow more connections.") if state != State.OK else ""
    yield Part(_("Database"), state, figure, "database-connections", advice=advice)
    if found.replica_lag_seconds is not None:
        lag = found.replica_lag_seconds
        figure = _("%(seconds)s s behind") % {"seconds": f"{lag:.1f}"}
        yield Part(_("Replica"), judge(lag, LATE_REPLICA, BROKEN_REPLICA), figure, "replica-lag")


def _of_trading(found: Standing) -> Iterator[Part]:
    for shard in sorted({market.shard % settings.MATCHING_SHARDS for market in found.markets}):
        markets = [market for market in found.markets if market.shard % settings.MATCHING_SHARDS == shard]
        oldest, waiting = max(each.oldest_seconds for each in markets), sum(each.waiting for each in markets)
        state = judge(oldest, LATE_INSTRUCTION, BROKEN_INSTRUCTION)
        figure = ngettext(
            "%(waiting)s instruction waits, %(trades)s trades today",
            "%(waiting)s instructions wait, %(trades)s trades today",
            waiting,
        ) % {"waiting": waiting, "trades": sum(each.trades for each in markets)}
        advice = _("Its worker is gone, or an instruction cannot be executed.") if state != State.OK else ""
        name = _("Trading, shard %(shard)s") % {"shard": shard}
        yield Part(name, state, figure, "trading-stands-still", _since(oldest) if oldest else None, advice)
    halted = [market.symbol for market in found.markets if market.state == "halted"]
    if halted:
        yield Part(_("Halted markets"), State.ATTENTION, ", ".join(halted), "market-halted")


def _of_log(found: Standing) -> Iterator[Part]:
    log = found.log
    state = judge(log.oldest_seconds, LATE_RECORD, BROKEN_RECORD)
    figure = ngettext(
        "%(size)s entries, %(waiting)s record waits",
        "%(size)s entries, %(waiting)s records wait",
        log.waiting,
    ) % {"size": log.size, "waiting": log.waiting}
    advice = _("The sequencer does not come, or has not the right key.") if state != State.OK else ""
    yield Part(_("The log"), state, figure, "log-behind", _since(log.oldest_seconds) if log.waiting else None, advice)
    for witness in log.witnesses:
        figure = _("%(behind)s entries behind") % {"behind": witness.behind}
        name = _("Witness %(name)s") % {"name": witness.name}
        yield Part(
            name, _of_witness(witness.behind, witness.cosigned_at), figure, "witness-behind", witness.cosigned_at
        )
    for name, behind in log.followers.items():
        figure = _("%(behind)s entries behind") % {"behind": behind}
        title = {"notices": _("Notices"), "webhooks": _("Events of webhooks")}.get(name, name)
        yield Part(title, judge(behind, LATE_FOLLOWER, BROKEN_FOLLOWER), figure, "follower-behind")


def _of_witness(behind: int, cosigned_at: dt.datetime | None) -> State:
    if not behind:
        return State.OK
    if cosigned_at is None or timezone.now() - cosigned_at > BROKEN_WITNESS:
        return State.BROKEN
    return State.ATTENTION if timezone.now() - cosigned_at > LATE_WITNESS else State.OK


def _of_books(found: Standing) -> Part:
    name, run = _("Reconciliation"), found.reconciliation
    if run is None:
        return Part(name, State.ATTENTION, _("never done"), "reconciliation-late", advice=_("Have the books checked."))
    if not run.holds:
        figure = ngettext("%(broken)s rule is broken", "%(broken)s rules are broken", run.broken) % {
            "broken": run.broken
        }
        advice = _("Halt trading and find out why before anything else is booked.")
        return Part(name, State.BROKEN, figure, "books-do-not-reconcile", run.finished_at, advice)
    state = judge(run.age_seconds, LATE_RUN, 2 * LATE_RUN)
    figure = _("all of it held %(age)s ago") % {"age": timesince(run.finished_at)}
    return Part(name, state, figure, "reconciliation-late", run.finished_at)


def _of_messages(found: Standing) -> Iterator[Part]:
    names: dict[str, str] = {"email": _("E-mail"), "sms": _("Text messages"), "webhook": _("Webhooks")}
    for each in found.outgoing:
        failed = found.webhooks_failing if each.channel == "webhook" else each.failed
        state = judge(each.oldest_seconds, LATE_MESSAGE, BROKEN_MESSAGE)
        # A receiver of others that does not answer is not ours to mend.
        if each.channel == "webhook" and state == State.BROKEN:
            state = State.ATTENTION
        if failed and state == State.OK and each.channel != "webhook":
            state = State.ATTENTION
        figure = pgettext("messages", "%(waiting)s wait, %(failed)s failed") % {
            "waiting": each.waiting,
            "failed": failed,
        }
        since = _since(each.oldest_seconds) if each.waiting else None
        yield Part(names[each.channel], state, figure, "messages-wait", since)


def _of_queues(queues: QueueStanding) -> Iterator[Part]:
    figure = _("%(size)s MB") % {"size": queues.memory_bytes // 1_000_000}
    yield Part("Redis", State.OK, figure, "redis-down")
    ages = [pulse.age_seconds for pulse in queues.pulses.values()]
    newest = min(ages, default=BROKEN_PULSE + 1)
    state = judge(newest, LATE_PULSE, BROKEN_PULSE)
    advice = _("Nothing that is due is begun: start beat.") if state != State.OK else ""
    yield Part("beat", state, _ago(min(ages, default=None)), "beat-stopped", advice=advice)
    for name, messages in queues.messages.items():
        yield _of_queue(name, messages, queues)


def _of_queue(name: str, messages: int, queues: QueueStanding) -> Part:
    pulse = queues.pulses.get(name)
    late, broken = (LATE_AUDIT, BROKEN_AUDIT) if name == "audit" else (LATE_PULSE, BROKEN_PULSE)
    state = State.ATTENTION if pulse is None else judge(pulse.age_seconds, late, broken)
    host = "" if pulse is None else pulse.host
    figure = " · ".join(
        part
        for part in (
            _ago(None if pulse is None else pulse.age_seconds),
            ngettext("%(count)s message waits", "%(count)s messages wait", messages) % {"count": messages},
            host,
        )
        if part
    )
    advice = _("No worker takes what is in this queue: start it again.") if state != State.OK else ""
    since = None if pulse is None or state == State.OK else _since(pulse.age_seconds)
    return Part(_("Worker of %(queue)s") % {"queue": name}, state, figure, "worker-stopped", since, advice)


def _ago(seconds: float | None) -> str:
    if seconds is None:
        return _("not heard of")
    return _("heard of %(seconds)s s ago") % {"seconds": round(seconds)}


_OF_HEALTH: dict[health.State, State] = {
    health.State.OK: State.OK,
    health.State.DEGRADED: State.ATTENTION,
    health.State.FAILED: State.BROKEN,
}


def _of_disks() -> Iterator[Part]:
    names: dict[str, Callable[[], str]] = {
        "documents": lambda: _("Disk of documents"),
        "registry": lambda: _("Disk of files"),
    }
    folders = {"documents": settings.DOCUMENTS_DIR, "registry": settings.REGISTRY_FILES}
    for name, room in standing.rooms().items():
        figure = _("%(free)s of %(size)s GB free") % {"free": room.free // 10**9, "size": room.size // 10**9}
        state = _OF_HEALTH[health.room_in(folders[name]).state]
        yield Part(names[name](), state, figure, "disk-full")


def _of_backups() -> Iterator[Part]:
    if not settings.BACKUP_STATUS_FILE:
        return
    age = standing.backup_age_seconds()
    if age is None:
        yield Part(_("Backup"), State.BROKEN, _("none"), "backup-late", advice=_("Begin one, and see that it ends."))
        return
    yield Part(_("Backup"), judge(age, LATE_BACKUP, BROKEN_BACKUP), timesince(_since(age)), "backup-late", _since(age))
