"""The demo tells the pilot's story, and its books obey every invariant."""

import json
from decimal import Decimal
from io import StringIO

import pytest
from beancount import loader
from django.core.management import call_command
from django.db import transaction
from django.db.models import Sum

from ledger.models import Batch, MonitoringReport, Organisation, Payment, Project, Record, Retirement
from ledger.transparency.__main__ import main
from ledger.transparency.keys import log_signer
from ledger.transparency.sequencer import sequence_log
from trading.demo.story import tell
from trading.execution.reconciliation import reconcile
from trading.marketdata.selectors import depth
from trading.models import Market, Trade

PASSWORD = "paddies-by-the-stream"

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def _told_once(django_db_setup, django_db_blocker):
    """Tell the story once for all tests of this file: it takes seconds."""
    with django_db_blocker.unblock(), transaction.atomic():
        tell(PASSWORD)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def told(_told_once, db):
    """The demo is in the database; what a test does to it is undone after the test."""


@pytest.fixture
def password_file(tmp_path, settings):
    settings.DEMO_PASSWORD_FILE = tmp_path / "demo-password"
    settings.DEMO_PASSWORD_FILE.write_text(PASSWORD)
    return settings.DEMO_PASSWORD_FILE


def test_the_demo_obeys_every_invariant(told):
    sequence_log()
    assert [result for result in reconcile() if not result.holds] == []


def test_the_pilot_is_computed_to_what_the_article_says(told):
    pilot = Project.objects.get(name_en__startswith="Longshan")
    assert pilot.forecast["result"]["net_t"] == 2_300
    area_ha = pilot.parcels.aggregate(sum=Sum("area_ha"))["sum"]
    assert abs(area_ha - Decimal(807)) < 1
    assert pilot.parcels.count() == 30
    assert pilot.illustrative


def test_the_vintages_are_issued_and_seven_thousand_tonnes_are_given_away(told):
    issued = dict(Batch.objects.values_list("vintage", "quantity_t"))
    assert set(issued) == {2020, 2021, 2022, 2023, 2024}
    assert all(2_290 <= tonnes <= 2_370 for tonnes in issued.values())
    assert Retirement.objects.aggregate(sum=Sum("quantity_t"))["sum"] == 7_000
    assert set(Retirement.objects.values_list("batch__vintage", "purpose")) == {
        (vintage, "donation") for vintage in (2020, 2021, 2022)
    }


def test_several_buyers_and_sellers_have_traded_and_go_on(told):
    market = Market.objects.get(symbol__endswith="-2023")
    trades = Trade.objects.filter(market=market)
    assert trades.count() >= 36
    assert len(set(trades.values_list("price_fen", flat=True))) > 10
    assert len(set(trades.values_list("buy_order__organisation", flat=True))) >= 4
    assert len(set(trades.values_list("sell_order__organisation", flat=True))) >= 3
    book = depth(market)
    assert len(book.bids) >= 5
    assert len(book.asks) >= 5
    assert book.bids[0].price_fen < book.asks[0].price_fen


def test_every_queue_has_something_in_it(told):
    assert Organisation.objects.filter(status=Organisation.Status.APPLIED).count() == 1
    assert Project.objects.filter(status=Project.Status.SUBMITTED).count() == 1
    assert MonitoringReport.objects.filter(status=MonitoringReport.Status.SUBMITTED).count() == 1
    waiting = Payment.objects.filter(status=Payment.Status.REQUESTED)
    assert set(waiting.values_list("direction", flat=True)) == {"deposit", "withdrawal"}


def test_a_second_seeding_changes_nothing(told, password_file):
    before = Record.objects.count()
    call_command("seed_demo", stdout=StringIO())
    assert Record.objects.count() == before
    assert password_file.read_text() == PASSWORD


def test_the_log_ins_that_are_printed_work(told, password_file, client):
    out = StringIO()
    call_command("demo_logins", url="http://127.0.0.1:8123", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[-1].endswith(PASSWORD)
    assert next(line for line in lines if line.startswith("registrar2")).endswith("http://127.0.0.1:8123/admin/")
    assert next(line for line in lines if line.startswith("coop ")).endswith("http://127.0.0.1:8123/login")
    assert client.login(username="coop", password=PASSWORD)


def test_a_password_that_was_lost_is_said_to_be_lost(told, password_file):
    password_file.unlink()
    out = StringIO()
    call_command("demo_logins", stdout=out)
    assert "changepassword" in out.getvalue()
    assert not password_file.exists()


def test_the_demos_log_is_verified_from_its_bytes_alone(told, tmp_path, capsys):
    sequence_log()
    call_command("export_log", str(tmp_path / "log"), stdout=StringIO())
    assert main(["verify", str(tmp_path / "log"), "--key", log_signer().vkey, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["size"], report["unknown_kinds"]) == (Record.objects.count(), {})
    assert report["trades"]["count"] == Trade.objects.count()
    assert (
        sum(supply["issued_t"] for supply in report["supply"]) == Batch.objects.aggregate(sum=Sum("quantity_t"))["sum"]
    )


def test_the_demos_journal_is_accepted_by_beancount(told, tmp_path):
    call_command("export_beancount", str(tmp_path / "demo.beancount"), stdout=StringIO())
    entries, errors, _options = loader.load_file(str(tmp_path / "demo.beancount"))
    assert (len(entries) > 100, errors) == (True, [])
