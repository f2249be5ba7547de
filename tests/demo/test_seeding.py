"""Seeding is whole or not at all, and leaves alone what is not its own."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ledger.models import Organisation, Record
from tests.factories import OrganisationFactory
from trading.demo import story
from trading.demo.cast import is_gathered

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def password_file(tmp_path, settings):
    settings.DEMO_PASSWORD_FILE = tmp_path / "demo-password"
    return settings.DEMO_PASSWORD_FILE


def test_a_telling_that_is_cut_short_leaves_nothing_and_the_next_one_is_whole(password_file, monkeypatch):
    monkeypatch.setattr(story, "_trade", lambda *_args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call_command("seed_demo", stdout=StringIO())
    assert not is_gathered()
    assert not Record.objects.exists()
    monkeypatch.undo()
    call_command("seed_demo", stdout=StringIO())
    assert is_gathered()
    assert password_file.stat().st_mode & 0o777 == 0o600


def test_a_database_that_has_its_own_operator_is_left_alone():
    OrganisationFactory(kind=Organisation.Kind.OPERATOR)
    with pytest.raises(CommandError, match="database of its own"):
        call_command("seed_demo", stdout=StringIO())
    assert Organisation.objects.count() == 1


def test_a_demo_of_an_earlier_edition_is_known_again():
    call_command("seed_demo", stdout=StringIO())
    operators = Organisation.objects.filter(kind=Organisation.Kind.OPERATOR)
    operators.update(name="田汇(旧)", name_en="Tianhui, as it was called")
    written = Record.objects.count()
    out = StringIO()
    call_command("seed_demo", stdout=out)
    assert "there already" in out.getvalue()
    assert Record.objects.count() == written


def test_log_ins_of_a_demo_that_is_not_there_are_refused():
    with pytest.raises(CommandError, match="seed_demo"):
        call_command("demo_logins", stdout=StringIO())
