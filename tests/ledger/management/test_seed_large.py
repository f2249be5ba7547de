"""A large registry for measurements, here a small one: the same for the same seed, and consistent where pages read it."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Sum
from django.test import Client

from ledger.models import Account, Batch, Parcel, Project, Retirement, SerialBlock
from ledger.registry.large import Size
from tests.factories import ProjectFactory


@pytest.mark.parametrize("projects", [1, 97, 98, 99, 100, 250])
def test_the_number_of_batches_is_that_of_registered_projects(projects):
    assert Size(projects, 0, 0).batches == sum(number % 100 not in (98, 99) for number in range(1, projects + 1))


def test_a_database_with_projects_is_refused(db):
    ProjectFactory()
    with pytest.raises(CommandError, match="has projects"):
        call_command("seed_large", projects=1)
    with pytest.raises(CommandError, match="At least one"):
        call_command("seed_large", projects=0)


@pytest.mark.django_db(transaction=True)
def test_what_is_seeded_is_consistent_and_shown(capsys):
    role = connection.settings_dict["OPTIONS"].pop("options")
    connection.close()
    try:
        call_command("seed_large", projects=250, parcels=600, retirements=1_000)
    finally:
        connection.settings_dict["OPTIONS"]["options"] = role
        connection.close()
    assert "250 projects" in capsys.readouterr().out
    assert (Project.objects.count(), Parcel.objects.count(), Retirement.objects.count()) == (250, 600, 1_000)
    assert Batch.objects.count() == Project.objects.filter(status="registered").count()
    assert Account.objects.aggregate(all=Sum("balance"))["all"] == 0
    retired = Account.objects.filter(purpose="retired").aggregate(all=Sum("balance"))["all"]
    assert Retirement.objects.aggregate(all=Sum("quantity_t"))["all"] == retired
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FROM ledger_account account
              LEFT JOIN (SELECT account_id, sum(upper(serials) - lower(serials)) AS owned
                           FROM ledger_serialblock GROUP BY 1) block ON block.account_id = account.id
             WHERE purpose <> 'issuance' AND balance <> coalesce(owned, 0)
            """
        )
        assert cursor.fetchone()[0] == 0
    assert SerialBlock.objects.exists()
    client = Client()
    shown = Project.objects.filter(status="registered").order_by("id")[99]
    for address in (
        "/projects",
        "/credits",
        "/retirements",
        "/dual-carbon",
        "/projects/map",
        f"/projects/{shown.code}",
    ):
        assert client.get(address).status_code == 200, address
    assert client.get("/projects/map").context["picture"] is not None
