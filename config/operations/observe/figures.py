"""What the books, the broker and the disks hold, as metrics: read when Prometheus asks."""

import logging
from collections.abc import Iterator, Mapping

import redis
from django.db import Error as DatabaseError
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from config.operations.observe import standing
from config.operations.observe.standing import QueueStanding, Standing

logger = logging.getLogger(__name__)


class Figures(Collector):
    """Reads how everything stands. Where the database or Redis is away it says that, and what it can."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            found = standing.read_standing()
        except DatabaseError as error:
            logger.warning("the figures of the database are not read: %s", type(error).__name__)
            yield _gauge("tianhui_database_up", "1 where the database answers.", 0)
        else:
            yield _gauge("tianhui_database_up", "1 where the database answers.", 1)
            yield from _of_database(found)
            yield from _of_markets(found)
            yield from _of_log(found)
            yield from _of_books(found)
            yield from _of_messages(found)
        yield from self._of_redis()
        yield from _of_disks()

    def _of_redis(self) -> Iterator[GaugeMetricFamily]:
        try:
            queues = standing.read_queues()
        except redis.RedisError:
            yield _gauge("tianhui_redis_up", "1 where Redis answers.", 0)
            return
        yield _gauge("tianhui_redis_up", "1 where Redis answers.", 1)
        yield from _of_queues(queues)


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, value=value)


def _of_markets(found: Standing) -> Iterator[GaugeMetricFamily]:
    labels = ["market", "shard"]
    waiting = GaugeMetricFamily("tianhui_instructions_pending", "Instructions that wait, up to 10,000.", labels=labels)
    oldest = GaugeMetricFamily(
        "tianhui_instruction_oldest_age_seconds", "For how long the oldest of them has waited.", labels=labels
    )
    halted = GaugeMetricFamily("tianhui_market_halted", "1 where the market is halted.", labels=["market"])
    trades = GaugeMetricFamily("tianhui_trades_today", "Trades on the book since midnight.", labels=["market"])
    tonnes = GaugeMetricFamily("tianhui_traded_tonnes_today", "Tonnes of these trades.", labels=["market"])
    turnover = GaugeMetricFamily("tianhui_turnover_fen_today", "Money of these trades, in fen.", labels=["market"])
    states: dict[str, int] = {"open": 0, "auction": 0, "closed": 0, "halted": 0}
    for market in found.markets:
        states[market.state] = states.get(market.state, 0) + 1
        waiting.add_metric([market.symbol, str(market.shard)], market.waiting)
        oldest.add_metric([market.symbol, str(market.shard)], market.oldest_seconds)
        halted.add_metric([market.symbol], float(market.state == "halted"))
        trades.add_metric([market.symbol], market.trades)
        tonnes.add_metric([market.symbol], market.quantity_t)
        turnover.add_metric([market.symbol], market.value_fen)
    yield from (waiting, oldest, halted, trades, tonnes, turnover)
    yield _by("tianhui_markets", "Markets by their state.", "state", states)


def _of_log(found: Standing) -> Iterator[GaugeMetricFamily]:
    log = found.log
    yield _gauge("tianhui_log_size_records", "Entries that the newest checkpoint covers.", log.size)
    yield _gauge("tianhui_log_pending_records", "Records without a place in the log, up to 10,000.", log.waiting)
    yield _gauge(
        "tianhui_log_oldest_pending_age_seconds", "For how long the oldest of them has waited.", log.oldest_seconds
    )
    if log.checkpoint_seconds is not None:
        yield _gauge(
            "tianhui_log_checkpoint_age_seconds", "Since the newest checkpoint was signed.", log.checkpoint_seconds
        )
    yield _by("tianhui_log_follower_lag_records", "Entries that a follower is behind.", "follower", log.followers)
    behind = {each.name: each.behind for each in log.witnesses}
    yield _by("tianhui_log_witness_behind_records", "Entries that a witness has not cosigned.", "witness", behind)
    signed = {each.name: each.cosigned_at.timestamp() for each in log.witnesses if each.cosigned_at is not None}
    yield _by(
        "tianhui_log_cosignature_timestamp_seconds", "When a witness last cosigned a checkpoint.", "witness", signed
    )


def _of_books(found: Standing) -> Iterator[GaugeMetricFamily]:
    run = found.reconciliation
    if run is not None:
        yield _gauge(
            "tianhui_reconciliation_timestamp_seconds", "When the books were last checked.", run.finished_at.timestamp()
        )
        yield _gauge("tianhui_reconciliation_age_seconds", "Since then.", run.age_seconds)
        yield _gauge("tianhui_reconciliation_holds", "1 where all rules held then.", float(run.holds))
        yield _gauge("tianhui_reconciliation_broken_rules", "How many rules did not.", run.broken)
    held = found.slow.held
    yield _gauge("tianhui_held_fen", "Money that is held aside, in fen.", held.get("cash", 0))
    yield _gauge("tianhui_held_tonnes", "Credits that are held aside.", held.get("credit", 0))


def _of_messages(found: Standing) -> Iterator[GaugeMetricFamily]:
    waiting = {each.channel: each.waiting for each in found.outgoing}
    yield _by("tianhui_messages_pending", "Messages that are due, up to 10,000.", "channel", waiting)
    oldest = {each.channel: each.oldest_seconds for each in found.outgoing}
    yield _by("tianhui_message_oldest_age_seconds", "For how long the oldest is due.", "channel", oldest)
    failed = {each.channel: each.failed for each in found.outgoing}
    yield _by("tianhui_messages_failed_day", "Messages of the last day that were given up.", "channel", failed)
    yield _gauge(
        "tianhui_webhook_deliveries_failing", "Deliveries that were tried in vain thrice.", found.webhooks_failing
    )


def _of_database(found: Standing) -> Iterator[GaugeMetricFamily]:
    database = found.database
    yield _by("tianhui_database_connections", "Connections by their state.", "state", database.connections)
    yield _gauge("tianhui_database_connections_max", "Connections there may be.", database.most_connections)
    yield _gauge(
        "tianhui_database_transaction_age_seconds", "The oldest transaction.", database.oldest_transaction_seconds
    )
    yield _gauge("tianhui_database_size_bytes", "The database on its disk.", found.slow.size_bytes)
    yield _by("tianhui_table_rows", "About how many rows a table has.", "table", database.rows)
    yield _gauge("tianhui_database_replicas", "Standbys that are connected.", database.replicas)
    if database.replica_bytes is not None:
        yield _gauge("tianhui_replication_lag_bytes", "How far the last standby is behind.", database.replica_bytes)
    if found.replica_lag_seconds is not None:
        yield _gauge(
            "tianhui_replica_lag_seconds", "How far what pages are read from is behind.", found.replica_lag_seconds
        )


def _of_queues(queues: QueueStanding) -> Iterator[GaugeMetricFamily]:
    yield _by("tianhui_queue_messages", "Messages that wait in a queue.", "queue", queues.messages)
    ages = {name: pulse.age_seconds for name, pulse in queues.pulses.items()}
    yield _by("tianhui_queue_pulse_age_seconds", "Since a queue was last seen to be worked on.", "queue", ages)
    yield _gauge("tianhui_redis_memory_bytes", "Memory that Redis uses.", queues.memory_bytes)


def _of_disks() -> Iterator[GaugeMetricFamily]:
    rooms = standing.rooms()
    free = {name: room.free for name, room in rooms.items()}
    yield _by("tianhui_disk_free_bytes", "Room that is left for a folder.", "folder", free)
    size = {name: room.size for name, room in rooms.items()}
    yield _by("tianhui_disk_size_bytes", "The disk that the folder is on.", "folder", size)
    age = standing.backup_age_seconds()
    if age is not None:
        yield _gauge("tianhui_backup_age_seconds", "Since the newest backup.", age)


def _by(name: str, documentation: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
