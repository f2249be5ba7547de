"""A release is migrated while the market trades, and while somebody reads for long: trading goes on."""

import psycopg
import pytest

from tests.operations.upgrades.conftest import migrating, owner, owner_url, take_back
from tests.waiting import wait_until
from trading.execution.reconciliation import reconcile
from trading.models import Order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def release():
    yield
    take_back()


WAITS = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'ALTER TABLE trading_order%'
"""


def ended(process):
    said, errors = process.communicate(timeout=300)
    assert process.returncode == 0, said + errors


def test_a_release_is_migrated_while_the_market_trades(market, worker, release):
    with market.trading():
        market.goes_on()
        ended(migrating())
        market.goes_on()
    market.settles()
    assert not [result for result in reconcile() if not result.holds]
    assert owner("SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_noted'::regclass") == [(True,)]
    assert owner("SELECT convalidated FROM pg_constraint WHERE conname = 'noted_is_quantity'") == [(True,)]
    # What was there when the column was filled has it; what came since is the new release's to fill in.
    assert owner("SELECT count(noted_t) > 0, count(*) FILTER (WHERE noted_t <> quantity_t) FROM trading_order") == [
        (True, 0)
    ]


def test_a_long_reader_holds_up_the_migration_and_not_the_market(market, worker, release):
    with psycopg.connect(owner_url()) as reader:
        reader.execute("SELECT count(*) FROM trading_order")
        with market.trading():
            market.goes_on()
            process = migrating("0001")
            # It has waited in vain, and comes again: whatever it does, orders are settled meanwhile.
            lines = iter(process.stderr.readline, "")
            assert "Waited for a lock in vain" in next(line for line in lines if "Waited" in line)
            market.goes_on()
            assert "Waited for a lock in vain" in next(line for line in lines if "Waited" in line)
            market.goes_on()
            assert process.poll() is None
            reader.rollback()
            assert process.wait(timeout=120) == 0
            process.stderr.close()
            process.stdout.close()
    market.settles()
    assert owner("SELECT count(noted_t) FROM trading_order") == [(0,)]
    # What a build leaves that was killed: an index that is not valid. And two migrate at once: they take turns.
    owner("CREATE INDEX orders_noted ON trading_order (noted_t)")
    owner("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_noted'::regclass")
    for each in [migrating(), migrating()]:
        ended(each)
    assert owner("SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_noted'::regclass") == [(True,)]
    assert owner("SELECT count(*) FROM django_migrations WHERE app = 'release'") == [(6,)]


def test_without_a_bound_everybody_stands_still_behind_it(transactional_db, release):
    """The control: what the bound is there for."""
    with psycopg.connect(owner_url()) as reader:
        reader.execute("SELECT count(*) FROM trading_order")
        process = migrating("0001", "--lock-timeout-ms", "0")
        try:
            wait_until(lambda: owner(WAITS) == [(1,)], seconds=60)
            # Nobody reads an order any more, though the reader before would mind none.
            another = psycopg.connect(owner_url(), options="-c lock_timeout=300ms")
            with another, pytest.raises(psycopg.errors.LockNotAvailable):
                another.execute("SELECT count(*) FROM trading_order")
        finally:
            reader.rollback()
        ended(process)
    assert Order.objects.count() == 0
