"""The check says what failed, and fails itself. That it passes is shown in tests/test_season.py."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from config.embedded import free_port
from trading.demo import season as module
from trading.demo.client import Client, Refused
from trading.demo.season import Season, StepFailed, check_log, steps
from trading.management.commands import demo_check


@pytest.fixture
def password_file(tmp_path, settings):
    settings.DEMO_PASSWORD_FILE = tmp_path / "demo-password"
    return settings.DEMO_PASSWORD_FILE


def check(url):
    """Run demo_check, which must fail, and return what it printed."""
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("demo_check", url=url, stdout=out)
    assert ended.value.code == 1
    return out.getvalue()


def test_a_product_that_does_not_answer_fails_at_the_first_step(password_file):
    password_file.write_text("paddies")
    printed = check(f"http://127.0.0.1:{free_port(23_000)}")
    first, _take = steps(Season(Client(""), ""))[0]
    assert first in printed
    assert "✗" in printed
    assert "✓" not in printed


def test_a_step_that_does_not_come_out_is_named_with_the_reason(password_file, monkeypatch):
    password_file.write_text("paddies")

    def fall_short() -> str:
        """It rains"""
        raise StepFailed("not a drop")

    monkeypatch.setattr(demo_check, "steps", lambda _season: [("It pours", lambda: "100 mm"), ("It rains", fall_short)])
    printed = check("http://127.0.0.1:1")
    assert "It pours\n    ✓ 100 mm\n  It rains\n    ✗ not a drop" in printed


def test_without_the_demo_s_password_there_is_nothing_to_check(password_file):
    with pytest.raises(CommandError, match="seed_demo"):
        call_command("demo_check", stdout=StringIO())


def test_every_step_has_a_line_for_the_report():
    titles = [title for title, _take in steps(Season(Client(""), ""))]
    assert len(set(titles)) == len(titles)
    assert all(title and "\n" not in title for title in titles)


def test_what_must_be_refused_and_is_not_is_a_failure():
    with pytest.raises(StepFailed, match="refused with 409"):
        module._refused(409, lambda: None)


def test_a_refusal_of_another_kind_is_not_taken_for_the_right_one():
    def refuse() -> None:
        raise Refused("POST /orders", 500, "oh")

    with pytest.raises(Refused, match="answered 500: oh"):
        module._refused(409, refuse)


@pytest.mark.django_db
def test_an_empty_log_agrees_with_itself():
    assert check_log() == "0 records"


def test_new_fields_are_valid_and_elsewhere_each_time():
    one, other = module._new_field(), module._new_field()
    assert one != other
    assert one["coordinates"][0][0] == one["coordinates"][0][-1]
