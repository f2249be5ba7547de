"""The files for Prometheus and Grafana: whole, and of metrics that there are."""

import json
import re

import promql_parser
import pytest
import yaml
from django.conf import settings

from config.operations.observe.runbook import FILES, anchor_of, runbook_html
from tests.operations.observe.scrapes import read

FOLDER = settings.BASE_DIR / "config" / "deploy" / "observation"
# What is there only where there is such a thing: a replica, a backup, a witness, a check of the books, a reader.
SOMETIMES = {
    "tianhui_replica_lag_seconds",
    "tianhui_replication_lag_bytes",
    "tianhui_backup_age_seconds",
    "tianhui_log_witness_behind_records",
    "tianhui_log_cosignature_timestamp_seconds",
}
PROGRAMS = {"web", "stream", "worker", "beat", "telling", "audit", "Refused, by code"}
PROGRAMS |= {"database", "migrations", "role", "redis", "disk"}
_NAME = re.compile(r"\btianhui_[a-z_]+\b")


def rules():
    groups = yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels():
    return [each for each in json.loads((FOLDER / "dashboard.json").read_text())["panels"] if each["type"] != "row"]


def expressions():
    return [rule["expr"] for rule in rules()] + [target["expr"] for panel in panels() for target in panel["targets"]]


def declared() -> set[str]:
    """Return the name of every sample that the programs can tell."""
    from prometheus_client import REGISTRY

    found: set[str] = set()
    for family in REGISTRY.collect():
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}.get(family.type, [""])
        found |= {family.name + suffix for suffix in suffixes}
    return found


@pytest.mark.parametrize("expression", expressions())
def test_each_expression_is_promql(expression):
    promql_parser.parse(expression)


@pytest.mark.django_db
def test_each_metric_that_is_asked_for_is_there(who):
    from django.test import Client
    from django.utils import timezone

    from config.operations.observe.pulses import note_pulse
    from ledger.journal.runs import ReconciliationRun
    from ledger.transparency.models import LogFollower
    from ledger.transparency.sequencer import sequence_log
    from tests.scenes import issue_to_cooperative, market_for

    market_for(who, issue_to_cooperative(who, 10))
    sequence_log()
    note_pulse("celery")
    LogFollower.objects.get_or_create(name="notices")
    now = timezone.now()
    ReconciliationRun.objects.create(
        started_at=now, finished_at=now, triggered_by="beat", tree_size=0, results=[], holds=True
    )
    scrape = read(Client().get("/metrics").content.decode())
    there = {name for name, _labels in scrape} | declared() | SOMETIMES
    asked = {name for expression in expressions() for name in _NAME.findall(expression)}
    assert asked <= there, asked - there
    # And nothing that is told is looked at by nobody.
    told = {
        name
        for name in there
        if name.startswith("tianhui_") and not name.endswith(("_created", "_bucket", "_count", "_sum"))
    }
    said_beside = {"tianhui_reconciliation_timestamp_seconds", "tianhui_reconciliation_broken_rules"}
    assert told - asked <= said_beside, told - asked


def sections_of(language: str) -> list[str]:
    text = (settings.BASE_DIR / "docs" / FILES[language]).read_text(encoding="utf-8")
    return [anchor_of(title) for title in re.findall(r"^## (.+)$", text, re.M)]


def test_the_runbook_has_the_same_sections_and_commands_in_both_languages():
    """Names of programs are set apart in the Chinese text alone, where they are words of another language."""
    assert sections_of("en") == sections_of("zh-hans")
    english, chinese = (commands_by_section(language) for language in ("en", "zh-hans"))
    for section, commands in english.items():
        assert [each for each in chinese[section] if each in commands] == commands, section
        more = {each for each in chinese[section] if each not in commands and not each.startswith("docs/")}
        assert more <= PROGRAMS, section


def commands_by_section(language):
    text = (settings.BASE_DIR / "docs" / FILES[language]).read_text(encoding="utf-8")
    return {
        anchor_of(section): [re.sub(r"\s+", " ", each) for each in re.findall(r"`([^`]+)`", section)]
        for section in text.split("\n## ")[1:]
    }


def test_each_alert_says_what_it_is_and_where_the_runbook_tells_what_to_do():
    sections = set(sections_of("en"))
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert {"summary", "description", "runbook"} <= rule["annotations"].keys(), rule["alert"]
        file, _hash, anchor = rule["annotations"]["runbook"].partition("#")
        assert (file, anchor in sections) == ("docs/runbook.md", True), rule["alert"]
        assert rule["labels"]["severity"] in {"critical", "warning"}


def test_the_scrape_configuration_names_the_rules_and_our_address():
    found = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert found["rule_files"] == ["rules.yml"]
    assert {job["metrics_path"] for job in found["scrape_configs"]} == {"/metrics"}
    assert all((FOLDER / name).exists() for name in found["rule_files"])


def test_panels_lie_beside_one_another():
    taken = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)


def test_the_runbook_is_shown_with_places_to_link_to():
    for language in FILES:
        html = runbook_html(language)
        assert '<h2 id="trading-stands-still">' in html
        assert "<table>" in html
