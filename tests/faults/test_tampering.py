"""Whatever somebody with a superuser's power and the guards off changes, deletes, doubles or swaps is named.

The changes are made from the schema: every column of every table that can be proven, by the kind of its values. What a
check cannot find stands in an exempt list with the reason; a new column is either found or added there, or a test fails.
"""

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone, translation

from config.database_roles import tables
from ledger.credits import reconciliation as credits
from ledger.journal import entries
from ledger.journal import reconciliation as journal
from ledger.journal.payments import cash
from ledger.journal.reconciliation.invariants import check_one
from ledger.journal.services import open_account
from ledger.models import Checkpoint, LogLeaf
from ledger.transparency.keys import log_signer
from ledger.transparency.notes import checkpoint_text
from ledger.transparency.verification import RebuiltTree, verify_log
from ledger.webhooks.events import event_types
from tests.callers import undone
from tests.database import as_owner
from tests.everything import let_everything_happen
from tests.factories import (
    ProjectFactory,
)
from tests.faults.changes import columns_of, tampering_with
from tests.ledger.webhooks.listening import told_so_far
from tests.scenes import (
    issue_to_cooperative,
    pay_in,
    people,
)
from trading.execution import reconciliation as exchange
from trading.execution.reconciliation import reconcile
from trading.models import Order

pytestmark = pytest.mark.django_db

PROVEN = [
    "ledger_account",
    "ledger_asset",
    "ledger_batch",
    "ledger_cancellation",
    "ledger_cancellationorder",
    "ledger_checkpoint",
    "ledger_correction",
    "ledger_diaryentry",
    "ledger_document",
    "ledger_debundlingdecision",
    "ledger_declaredconflict",
    "ledger_distributedsale",
    "ledger_distribution",
    "ledger_credittransfer",
    "ledger_finding",
    "ledger_hold",
    "ledger_household",
    "ledger_invitation",
    "ledger_logleaf",
    "ledger_logtile",
    "ledger_membership",
    "ledger_monitoringreport",
    "ledger_organisation",
    "ledger_parcel",
    "ledger_payment",
    "ledger_payout",
    "ledger_payoutline",
    "ledger_project",
    "ledger_record",
    "ledger_renewal",
    "ledger_reportversion",
    "ledger_retirement",
    "ledger_reversal",
    "ledger_riskassessment",
    "ledger_rolechange",
    "ledger_serialblock",
    "ledger_serialcounter",
    "ledger_share",
    "ledger_sharingplan",
    "ledger_sharingweight",
    "ledger_transaction",
    "ledger_transfer",
    "ledger_unsequencedrecord",
    "trading_alert",
    "trading_alertstep",
    "trading_bid",
    "trading_blockoffer",
    "trading_bookentry",
    "trading_candle",
    "trading_closedday",
    "trading_executedinstruction",
    "trading_expiry",
    "trading_market",
    "trading_onewayauction",
    "trading_order",
    "trading_relation",
    "trading_rulechange",
    "trading_trade",
    "trading_tradinglimit",
]
NOT_PROVEN = {
    "account_emailaddress": "how a person can be written to: nobody else's to prove",
    "account_emailconfirmation": "allauth's own, not used: links are signed",
    "mfa_authenticator": "secrets of second factors; that one was added or removed is in the log",
    "usersessions_usersession": "from where somebody is logged in just now",
    "auth_group": "Django's own, not used",
    "auth_group_permissions": "Django's own, not used",
    "auth_permission": "Django's own, not used",
    "django_admin_log": "Django's own, not used: the log says who did what",
    "django_content_type": "Django's own",
    "django_migrations": "Django's own",
    "django_session": "who is logged in just now",
    "ledger_bankentry": "what the bank says; what is posted of it is proven",
    "ledger_bankstatement": "what the bank says: its file's hash is in the log, to be compared with the bank's",
    "ledger_carbontotal": "computed anew from batches and retirements, which are proven",
    "ledger_cosignature": "signed by its witness: whoever reads the checkpoint checks it",
    "ledger_logfollower": "how far notices have got; what they tell of is in the log",
    "ledger_idempotentrequest": "answers kept for two days, to be given again; what was changed is recorded",
    "ledger_digestsent": "that somebody was written to; what it told of is in the log",
    "ledger_bankaccount": "where money is paid out to: its hash is in the log, and each withdrawal is confirmed by two",
    "ledger_message": "what was sent to people; what it tells of is in the log",
    "ledger_notice": "what people were told; what it tells of is in the log, and can be told again",
    "ledger_noticesettings": "how people want to be told",
    "ledger_webhookattempt": "what other people's servers have answered",
    "ledger_webhookdelivery": "how far telling other people's programs has come; what they are told is in the log",
    "ledger_webhookendpoint": "how programs are told; each step of setting it up is in the log, and it moves nothing",
    "ledger_webhookevent": "what programs are told, made of the log",
    "ledger_householdlink": "a key to what one household may read, kept as its hash; the cooperative makes it anew",
    "ledger_logbinding": "which state file may sign; that a copy was taken into service is in the log",
    "ledger_logkey": "written again from the records of key changes; verify_log compares it with them",
    "ledger_projectplace": "computed anew from parcels, which are proven",
    "ledger_reconciliationrun": "what a check has found, which can be done again",
    "ledger_sharingprogress": "up to where sales were looked at; a sale that waits behind it is named, one shared twice refused",
    "ledger_referencecredit": "another registry's data, as a file says: nothing of it is a fact here",
    "ledger_referenceimport": "whose file it was; its hash is shown, to be compared with the file",
    "ledger_referenceproject": "another registry's data, as a file says: nothing of it is a fact here",
    "ledger_referencerefusal": "what was not taken from such a file, which can be imported again",
    "ledger_refreshed": "when something was computed that can be computed again",
    "ledger_registrydump": "a copy of what is public, made again each day",
    "ledger_supplytotal": "computed anew from accounts and forecasts, which are proven",
    "ledger_stagedcredit": "empty but for an import under way",
    "ledger_eventorigin": "from where something was done; forgotten after a while, and never in the log",
    "ledger_accountlock": "who locked and who unlocked an account is in the log, and that it was",
    "ledger_erasure": "whose data were erased, by whom, is in the log",
    "ledger_incident": "who froze what, when and why, and who lifted it, is in the log; a trigger keeps the row as it is",
    "ledger_factorreset": "who asked for it and who decided is in the log, and that the factors went",
    "ledger_securityevent": "what its record says, for the person to read; the log itself has it",
    "ledger_apitoken": "keys are shown to nobody; what is done with them is recorded",
    "ledger_user": "the log names people by their public ids alone, so that a name can be erased; those it proves elsewhere",
    "ledger_user_groups": "Django's own, not used",
    "ledger_user_user_permissions": "Django's own, not used",
    "trading_instruction": "a queue: what is executed of it is proven",
    "trading_positionday": "computed from the journal and the trades, which are proven; a page that finds them wrong computes them anew",
    "trading_marketchange": "who proposed and who decided is in the log, with the rules; the market is what the log says it is",
    "trading_marketclock": "up to when the clock was followed; what was done by it is proven",
    "trading_ruleprogress": "up to when rules have judged; judging again raises no alert twice, and each alert is proven",
}
SURROGATE = "numbers rows of which the log names nothing but their content; what refers to them is proven by it"
OWN_WORDS = "how a cooperative calls its members: the log names households by their public ids alone"
UNSAID = "when the row was written; when the fact was, its entry says"
EXEMPT = {
    ("ledger_cancellation", "id"): SURROGATE,
    ("ledger_checkpoint", "signed_at"): "no signature covers it: a witness's cosignature has a time of its own",
    ("ledger_diaryentry", "client_uuid"): "the sender's own name for it",
    ("ledger_document", "id"): SURROGATE,
    ("ledger_credittransfer", "id"): SURROGATE,
    ("ledger_hold", "placed_at"): UNSAID,
    ("ledger_household", "code"): OWN_WORDS,
    ("ledger_household", "name"): OWN_WORDS,
    ("ledger_invitation", "id"): SURROGATE,
    ("ledger_invitation", "needs_no_other"): "asked anew when it is accepted; that nobody has confirmed it is proven",
    ("ledger_invitation", "note"): "for whom it is, in the inviter's own words: the log names nobody",
    ("ledger_invitation", "token_hash"): "a key; who has come by it is proven",
    ("ledger_logtile", "id"): SURROGATE,
    ("ledger_membership", "id"): SURROGATE,
    ("ledger_monitoringreport", "practices"): "what its cooperative is entering; what counts is the case made of it",
    ("ledger_monitoringreport", "saved_at"): "when its cooperative last entered something",
    ("ledger_monitoringreport", "status_since"): "from when deadlines are counted; when each step was, its entry says",
    ("ledger_parcel", "id"): SURROGATE,
    ("ledger_payoutline", "id"): SURROGATE,
    ("ledger_record", "created_at"): UNSAID,
    ("ledger_reportversion", "id"): SURROGATE,
    ("ledger_retirement", "id"): SURROGATE,
    ("ledger_share", "id"): SURROGATE,
    ("ledger_sharingweight", "id"): SURROGATE,
    ("ledger_serialblock", "id"): "the order in which an account delivers its runs; whose they are is proven",
    ("trading_executedinstruction", "id"): SURROGATE,
    ("trading_closedday", "id"): SURROGATE,
    ("trading_market", "auction_ends_at"): "when somebody ends the auction, which is proven; it gives no price",
    ("trading_bid", "client_bid_id"): "the client's own name for it",
    ("trading_blockoffer", "client_offer_id"): "the client's own name for it",
    ("trading_onewayauction", "client_auction_id"): "the client's own name for it",
    ("trading_market", "shard"): "which worker serves the market",
    ("trading_tradinglimit", "id"): SURROGATE,
    ("trading_order", "changed_at"): "for streams: what was changed then is proven",
    ("trading_order", "client_order_id"): "the client's own name for it",
    ("trading_order", "placed_at"): "orders have no record of their own; when they were executed is proven",
    ("trading_order", "placed_by_id"): "orders have no record of their own; whose they are is proven",
}


# The scene


@pytest.fixture(scope="module")
def _scene_once(django_db_setup, django_db_blocker):
    """Let everything happen that there are tables for, in one transaction that all tests share and none changes."""
    with django_db_blocker.unblock(), transaction.atomic():
        who = people()
        let_everything_happen(who)
        open_account(organisation=who.other_buyer.organisation, asset=cash())
        pay_in(who, who.other_buyer, 5_000)
        # What foreign keys put off until the commit is not to come up later.
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        yield
        transaction.set_rollback(True)


@pytest.fixture
def scene(_scene_once, db):
    """All of it is in the database; what a test does to it is undone."""


# Who notices


IMPOSSIBLE = "there is no row that it could be done to, or no room for it"


FINDERS = {}
"""What named the last change of a table."""


def found_after(table, sql, *, without=()):
    """Do something as a superuser with the guards off, and return what names it, None where nothing does; undo it.

    A constraint that is in the way is dropped, as somebody would who is determined.
    """
    try:
        with undone():
            if not tamper(table, sql, without):
                return IMPOSSIBLE
            found = next((result.name for result in results_about(table) if not result.holds), None)
            if found is not None:
                FINDERS[table] = found
            return found
    except DataError:
        return IMPOSSIBLE
    except IntegrityError as error:
        return found_after(table, sql, without=(*without, error.__cause__.diag.constraint_name))


def tamper(table, sql, without):
    """Return how many rows it was done to."""
    with as_owner(), connection.cursor() as cursor:
        for constraint in without:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {constraint} CASCADE")
            cursor.execute(f"DROP INDEX IF EXISTS {constraint}")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        count = cursor.rowcount
        cursor.execute("SET LOCAL session_replication_role = origin")
    return count


def results_about(table):
    """Evaluate what reconciliation evaluates, for speed what found the last change of the table first, then what is about it."""
    invariants = journal.INVARIANTS + credits.INVARIANTS + exchange.INVARIANTS
    finder = FINDERS.get(table)
    yield from map(
        check_one,
        sorted(invariants, key=lambda invariant: (invariant.name != finder, table not in invariant.breaches_sql)),
    )
    for _what, check in exchange.other_steps():
        yield check()


def test_the_scene_itself_holds(scene):
    assert [result for result in reconcile() if not result.holds] == []


def test_terms_of_before_a_replace_are_named_on_an_order_of_whatever_kind(scene):
    """Which row is the first of its table, to which the next test does harm, is PostgreSQL's to say."""
    plain = Order.objects.filter(entered_price_fen=None).order_by("trading_mode", "status", "pk")
    kinds = plain.distinct("trading_mode", "status").values_list("trading_mode", "status", "pk")
    assert {mode for mode, _status, _pk in kinds} >= {"listing", "block_trade"}
    unnoticed = [
        (mode, status, column)
        for mode, status, pk in kinds
        for column in ("entered_price_fen", "entered_quantity_t")
        if found_after("trading_order", f"UPDATE trading_order SET {column} = 1 WHERE id = {pk}") is None
    ]
    assert unnoticed == []


@pytest.mark.parametrize("table", PROVEN)
def test_whatever_is_done_to_a_table_is_named(scene, table):
    columns = columns_of(table)
    unnoticed, noticed = [], set()
    for column, sql in tampering_with(table, columns):
        found = found_after(table, sql)
        if found is None and (table, column) not in EXEMPT:
            unnoticed.append(f"{column or 'row'}: {sql}")
        elif found not in (None, IMPOSSIBLE):
            noticed.add(column)
    assert not unnoticed, "\n".join(unnoticed)
    names = {column.name for column in columns}
    exempt = {column for each, column in EXEMPT if each == table}
    assert names - noticed == exempt, "what nothing could be done to in this scene, or what needs no exemption"


def test_every_table_is_proven_or_there_is_a_reason_why_not():
    """A new table is added to one of the lists."""
    assert {table.name for table in tables()} == {*PROVEN, *NOT_PROVEN}
    assert not set(PROVEN) & set(NOT_PROVEN)


# What is more than one row


def test_a_log_cut_short_and_signed_again_with_the_true_key_is_named(scene):
    """Whoever has the key signs a shorter log that is right in itself; the facts that it has no records of remain."""
    size = LogLeaf.objects.count() - 20
    tree = RebuiltTree()
    for leaf in LogLeaf.objects.order_by("index").values_list("leaf_hash", flat=True)[:size]:
        tree.append(bytes(leaf))
    signer = log_signer()
    note = signer.sign(checkpoint_text(signer.name, size, tree.root()))
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "DELETE FROM ledger_record WHERE id NOT IN (SELECT record_id FROM ledger_logleaf WHERE index < %s)", [size]
        )
        cursor.execute("DELETE FROM ledger_unsequencedrecord")
        cursor.execute("DELETE FROM ledger_logleaf WHERE index >= %s", [size])
        cursor.execute("DELETE FROM ledger_logtile WHERE (number + 1) * 256 ^ (level + 1) > %s", [size])
        cursor.execute("DELETE FROM ledger_checkpoint WHERE tree_size >= %s", [size])
        cursor.execute("SET LOCAL session_replication_role = origin")
        previous_size = Checkpoint.objects.latest("tree_size").tree_size
    Checkpoint.objects.create(
        tree_size=size, previous_size=previous_size, root_hash=tree.root(), note=note, signed_at=timezone.now()
    )
    assert verify_log().difference == ""
    with translation.override("en"):
        broken = {result.name for result in reconcile() if not result.holds}
    assert "each transaction is what its record says" in broken


def test_serial_numbers_that_the_log_has_only_a_hash_of_are_compared_with_it(who, monkeypatch):
    monkeypatch.setattr(entries, "ROOM_FOR_RUNS", (0,) * len(entries.ROOM_FOR_RUNS))
    issue_to_cooperative(who, 10, project=ProjectFactory(proponent=who.cooperative.organisation, number=7_000))
    assert [result for result in reconcile() if not result.holds] == []
    shift = """
        UPDATE ledger_transfer SET serials = (SELECT range_agg(int8range(lower(run) + 1, upper(run) + 1)) FROM unnest(serials) run)
         WHERE id = (SELECT max(id) FROM ledger_transfer)
    """
    assert tamper("ledger_transfer", shift, without=()) == 1
    name = "each transfer is what the record of its transaction says, serial numbers and all"
    with translation.override("en"):
        assert name in {result.name for result in reconcile() if not result.holds}


# What programs are told of it


def test_whatever_happens_is_told_to_webhooks_as_their_schemas_say(scene):
    """Every kind of event but two, which tests/ledger/webhooks/test_schemas.py brings about."""
    elsewhere = {"order.expired", "project.resumed"}
    assert told_so_far() == {each.name for each in event_types()} - elsewhere
