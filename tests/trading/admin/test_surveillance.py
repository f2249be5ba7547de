"""Alerts, relations and rules at the desk: read by the operator and auditors, acted on by registrars."""

from typing import Any

import pytest
from django.urls import reverse

from tests.desk import client_of
from tests.factories import MembershipFactory
from tests.scenes import People
from tests.watched import Day, day_of, round_trip, self_trades
from trading.models import Alert, AlertStep, Relation, RuleChange
from trading.surveillance.rules import RULES

LIST = "/admin/trading/alert/"
RULES_LIST = "/admin/trading/rulechange/"
RELATIONS = "/admin/trading/relation/"
READERS = ("registrar", "treasurer", "auditor")
OTHERS = ("cooperative", "buyer", "verifier")


@pytest.fixture
def day(who: People) -> Day:
    return day_of(who)


@pytest.fixture
def alert(day: Day) -> Alert:
    """Return an alert of a round trip."""
    round_trip(day)
    return day.judge("round_trip")[0]


@pytest.fixture
def self_trade(day: Day) -> Alert:
    """Return an alert of orders that met themselves."""
    self_trades(day)
    return day.judge("self_trade")[0]


def page(alert: Alert) -> str:
    return reverse("admin:trading_alert_change", args=[alert.pk])


def step(name: str, alert: Alert) -> str:
    return reverse(f"admin:trading_alert_{name}", args=[alert.pk])


def listed(who: People, **query: str) -> list[int]:
    return [each.pk for each in client_of(who.auditor).get(LIST, query).context["cl"].result_list]


@pytest.mark.parametrize("reader", READERS)
def test_the_page_says_the_rule_the_figures_and_what_they_come_from(reader: str, alert: Alert, who: People) -> None:
    answer = client_of(getattr(who, reader)).get(page(alert))
    text = answer.content.decode()
    assert "one organisation sold another at least 10 t" in text
    figures, _orders, trades, history = answer.context["tables"]
    assert ("Tonnes from the first to the second", "30 t") in figures.rows
    assert ("Threshold: Tonnes each way", "10 t") in figures.rows
    assert [row[0] for row in trades.rows] == [
        f'<a href="/admin/trading/trade/{number}/change/">{number}</a>' for number in alert.evidence["trades"]
    ]
    assert history.rows == []
    for member in (who.cooperative, who.buyer):
        assert reverse("admin:ledger_organisation_change", args=[member.organisation_id]) in text
    assert [row[1] for row in answer.context["records"].rows] == ["alert_raised"]


def test_orders_in_evidence_are_shown_with_what_they_were(self_trade: Alert, who: People) -> None:
    _figures, orders, _trades, _history = client_of(who.auditor).get(page(self_trade)).context["tables"]
    assert [row[2:6] for row in orders.rows] == [("buy", "¥40.00", "5", "canceled")] * 3


def test_a_page_reads_as_often_however_much_is_in_evidence(
    alert: Alert, self_trade: Alert, who: People, django_assert_max_num_queries: Any
) -> None:
    client = client_of(who.auditor)
    for each in (alert, self_trade):
        with django_assert_max_num_queries(12):
            client.get(page(each))


def test_alerts_are_found_by_what_they_are_about(alert: Alert, self_trade: Alert, day: Day, who: People) -> None:
    assert listed(who) == [self_trade.pk, alert.pk]
    assert listed(who, rule__exact="round_trip") == [alert.pk]
    assert listed(who, severity__exact="high") == []
    assert listed(who, market__id__exact=str(day.market.pk)) == [self_trade.pk, alert.pk]
    assert listed(who, organisation=who.buyer.organisation.name) == [alert.pk]
    assert listed(who, organisation=str(who.cooperative.organisation.public_id)) == [self_trade.pk, alert.pk]
    assert listed(who, since="2026-12-01T12:00") == [self_trade.pk, alert.pk]
    assert listed(who, since="2026-12-02") == []
    assert listed(who, q=str(alert.pk)) == [alert.pk]
    client_of(who.registrar).post(step("close", alert), {"reason": "Both are market makers."})
    assert listed(who, state="undecided") == listed(who, state="open") == [self_trade.pk]
    assert listed(who, state="unfounded") == [alert.pk]


@pytest.mark.parametrize("wrong", [{"since": "yesterday"}, {"organisation": "nobody"}, {"organisation": "\x00"}])
def test_what_is_written_wrongly_is_said_beside_the_field(wrong: dict[str, str], alert: Alert, who: People) -> None:
    answer = client_of(who.auditor).get(LIST, wrong)
    assert answer.status_code == 200
    assert "aria-invalid" in answer.content.decode()
    assert listed(who, **wrong) == []


def test_a_registrar_takes_up_closes_reopens_and_escalates(alert: Alert, who: People) -> None:
    client = client_of(who.registrar)

    def offered() -> list[str]:
        return [url for _label, url, _grave in client.get(page(alert)).context["offered"]]

    assert offered() == [step(name, alert) for name in ("take-up", "close", "escalate")]
    assert client.post(step("take-up", alert))["Location"] == page(alert)
    assert offered() == [step(name, alert) for name in ("close", "escalate")]
    client.post(step("close", alert), {"reason": "Both are market makers."})
    assert offered() == [step("reopen", alert)]
    client.post(step("reopen", alert), {"reason": "They are not."})
    client.post(step("escalate", alert), {"reason": "To the supervisor."})
    answer = client.get(page(alert))
    assert [row[:2] for row in answer.context["tables"][3].rows] == [
        ("under review", "–"),
        ("closed as unfounded", "Both are market makers."),
        ("open", "They are not."),
        ("escalated", "To the supervisor."),
    ]
    assert [row[1] for row in answer.context["records"].rows] == [
        "alert_escalated",
        "alert_reopened",
        "alert_closed",
        "alert_taken_up",
        "alert_raised",
    ]


@pytest.mark.parametrize("name", ["close", "escalate"])
@pytest.mark.parametrize("reason", ["", " ", "x" * 1_001])
def test_a_decision_without_a_reason_is_refused_beside_the_field(
    name: str, reason: str, alert: Alert, who: People
) -> None:
    answer = client_of(who.registrar).post(step(name, alert), {"reason": reason})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["reason"])
    assert not AlertStep.objects.exists()


def test_a_step_that_is_not_due_is_refused_with_what_it_is_now(alert: Alert, who: People) -> None:
    answer = client_of(who.registrar).post(step("reopen", alert), {"reason": "Why not."})
    assert answer.status_code == 409
    assert "This is open now" in answer.content.decode()


@pytest.mark.parametrize("kind", ["treasurer", "auditor", *OTHERS])
def test_nobody_else_acts(kind: str, alert: Alert, who: People) -> None:
    client = client_of(getattr(who, kind))
    for name in ("take-up", "close", "escalate", "reopen"):
        assert client.post(step(name, alert), {"reason": "no"}).status_code == 403
    assert client.post(f"{RULES_LIST}change-holding/", {"percent": 5, "least_t": 5, "reason": "no"}).status_code == 403
    pair = {"one": who.buyer.organisation_id, "other": who.cooperative.organisation_id}
    assert client.post(f"{RELATIONS}declare/", pair | {"kind": "shareholder", "reason": "no"}).status_code == 403
    assert not AlertStep.objects.exists()
    assert not RuleChange.objects.exists()
    assert not Relation.objects.exists()


@pytest.mark.parametrize("kind", OTHERS)
def test_whoever_is_watched_sees_nothing_of_it(kind: str, alert: Alert, who: People) -> None:
    client = client_of(getattr(who, kind))
    for address in (LIST, page(alert), RULES_LIST, RELATIONS):
        assert client.get(address).status_code == 403


def test_the_desk_counts_alerts_that_wait_for_a_decision(alert: Alert, self_trade: Alert, who: People) -> None:
    def queue(person: Any) -> Any:
        return client_of(person).get("/admin/").context["queues"][-1]

    client_of(who.registrar).post(step("close", alert), {"reason": "Both are market makers."})
    client_of(who.registrar).post(step("take-up", self_trade))
    shown = queue(who.registrar)
    assert (str(shown.title), shown.count, shown.is_readers) == ("Alerts to review", 1, True)
    assert shown.oldest[0].url == page(self_trade)
    assert [queue(person).is_readers for person in (who.treasurer, who.auditor)] == [False, False]
    assert client_of(who.auditor).get(shown.all_url).context["cl"].result_count == 1


# Rules


def test_the_rules_are_shown_as_they_stand(who: People) -> None:
    answer = client_of(who.registrar).get(RULES_LIST)
    rows = answer.context["rules"].rows
    assert len(rows) == len(RULES)
    assert "%(" not in answer.content.decode()
    assert all("Change" in row[0] for row in rows)
    assert not any("Change" in row[0] for row in client_of(who.auditor).get(RULES_LIST).context["rules"].rows)


def test_a_registrar_changes_thresholds(who: People) -> None:
    client, address = client_of(who.registrar), f"{RULES_LIST}change-holding/"
    before = client.get(address)
    assert before.context["form"].initial == {"percent": 50, "least_t": 1_000}
    assert "holds more than 50 %" in before.content.decode()
    client.post(address, {"percent": "30", "least_t": "5", "reason": "Small batches."})
    change = RuleChange.objects.get()
    assert (change.rule, change.thresholds) == ("holding", {"percent": 30, "least_t": 5})
    answer = client.get(reverse("admin:trading_rulechange_change", args=[change.pk]))
    assert "holds more than 30 %" in answer.content.decode()
    assert [row[1] for row in answer.context["records"].rows] == ["alert_rule_changed"]
    assert client.get(address).context["form"].initial == {"percent": 30, "least_t": 5}


@pytest.mark.parametrize(
    ("field", "value"),
    [("percent", "0"), ("percent", "100"), ("percent", "x"), ("least_t", ""), ("least_t", "9" * 30), ("reason", "")],
)
def test_a_threshold_out_of_bounds_is_refused_beside_its_field(field: str, value: str, who: People) -> None:
    wanted = {"percent": "30", "least_t": "5", "reason": "Small batches."} | {field: value}
    answer = client_of(who.registrar).post(f"{RULES_LIST}change-holding/", wanted)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not RuleChange.objects.exists()


@pytest.mark.parametrize("rule", [name.value for name in RULES])
def test_every_rule_has_its_form(rule: str, who: People) -> None:
    answer = client_of(who.registrar).get(f"{RULES_LIST}change-{rule.replace('_', '-')}/")
    assert [*RULES[rule].defaults, "reason"] == list(answer.context["form"].fields)


# Relations


def relation(who: People, **changed: Any) -> dict[str, Any]:
    return {
        "one": who.buyer.organisation_id,
        "other": who.cooperative.organisation_id,
        "kind": "same_controller",
        "reason": "Company register.",
    } | changed


def test_a_registrar_declares_and_ends_a_relation(who: People) -> None:
    client = client_of(who.registrar)
    client.post(f"{RELATIONS}declare/", relation(who))
    declared = Relation.objects.get()
    address = reverse("admin:trading_relation_change", args=[declared.pk])
    end = reverse("admin:trading_relation_end", args=[declared.pk])
    assert [url for _label, url, _grave in client.get(address).context["offered"]] == [end]
    again = client.post(f"{RELATIONS}declare/", relation(who))
    assert (again.status_code, list(again.context["form"].errors)) == (409, ["kind"])
    assert client.post(end, {"reason": ""}).status_code == 422
    client.post(end, {"reason": "Sold."})
    answer = client.get(address)
    assert list(answer.context["offered"]) == []
    assert [row[1] for row in answer.context["records"].rows] == ["relation_ended", "relation_declared"]
    assert client.post(end, {"reason": "Again."}).status_code == 409


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"one": "0"}, "one"), ({"other": ""}, "other"), ({"kind": "friends"}, "kind"), ({"reason": " "}, "reason")],
)
def test_a_relation_that_makes_no_sense_is_refused_beside_its_field(
    changed: dict[str, str], field: str, who: People
) -> None:
    answer = client_of(who.registrar).post(f"{RELATIONS}declare/", relation(who, **changed))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])


def test_nobody_is_related_to_oneself(who: People) -> None:
    answer = client_of(who.registrar).post(f"{RELATIONS}declare/", relation(who, other=who.buyer.organisation_id))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["other"])


def test_relations_are_found_by_either_organisation(who: People) -> None:
    client = client_of(who.registrar)
    client.post(f"{RELATIONS}declare/", relation(who))
    stranger = MembershipFactory()
    for organisation, count in ((who.buyer, 1), (who.cooperative, 1), (stranger, 0)):
        answer = client.get(RELATIONS, {"organisation": str(organisation.organisation.public_id)})
        assert answer.context["cl"].result_count == count
