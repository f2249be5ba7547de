import pytest

from ledger.models import Membership, Organisation, Project
from ledger.parties.access import may_read_entries
from ledger.projects.selectors import projects_seen_by
from tests.factories import MembershipFactory, ProjectFactory
from tests.scenes import People


def applicant(kind: str) -> Membership:
    return MembershipFactory(organisation__kind=kind, organisation__status=Organisation.Status.APPLIED)


def test_operator_and_approved_auditor_read_every_entry(who: People) -> None:
    assert may_read_entries(who.registrar.user)
    assert may_read_entries(who.auditor.user)
    assert not may_read_entries(who.buyer.user)


@pytest.mark.django_db
def test_who_only_applied_as_auditor_reads_no_entry() -> None:
    assert not may_read_entries(applicant(Organisation.Kind.AUDITOR).user)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [Organisation.Kind.AUDITOR, Organisation.Kind.VERIFIER])
def test_who_only_applied_sees_what_is_public(kind: str) -> None:
    registered = ProjectFactory()
    ProjectFactory(status=Project.Status.SUBMITTED)
    assert list(projects_seen_by(applicant(kind))) == [registered]
