"""The operator is created once, with people who can log in, and each in the role that was asked for."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ledger.models import Membership, Organisation, User

pytestmark = pytest.mark.django_db


def create(*arguments):
    out = StringIO()
    call_command("create_operator", *arguments, stdout=out)
    return out.getvalue()


def test_the_operator_is_approved_and_its_people_log_in_with_what_is_printed(client):
    printed = create("田汇登记中心", "--name-en", "Tianhui Registry", "--treasurers", "wang", "zhao")
    operator = Organisation.objects.get()
    assert (operator.kind, operator.is_approved, operator.name_en) == ("operator", True, "Tianhui Registry")
    roles = dict(Membership.objects.values_list("user__username", "role"))
    assert roles == {"owner": "owner", "registrar": "registrar", "wang": "treasurer", "zhao": "treasurer"}
    for line in printed.splitlines()[:4]:
        username, _role, password = line.split()
        assert client.login(username=username, password=password)
    assert all(User.objects.values_list("is_staff", flat=True))


def test_a_second_operator_is_refused_and_nothing_is_left_of_it():
    create("田汇登记中心")
    with pytest.raises(CommandError):
        create("另一家", "--owner", "a", "--registrar", "b", "--treasurers", "c", "d")
    assert Organisation.objects.count() == 1
    assert User.objects.count() == 4


def test_one_person_in_two_roles_is_refused():
    with pytest.raises(CommandError, match="Four people"):
        create("田汇登记中心", "--treasurers", "registrar", "zhao")
    assert not User.objects.exists()


def test_a_user_name_that_is_taken_is_refused():
    User.objects.create(username="registrar")
    with pytest.raises(CommandError):
        create("田汇登记中心")
    assert User.objects.count() == 1
