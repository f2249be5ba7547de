"""Who sees which project, and by which name."""

import pytest

from ledger.errors import NotFound
from ledger.models import Project
from ledger.projects.selectors import access_project_by_code, projects_seen_by, reports_seen_by
from tests.factories import ParcelFactory, ProjectFactory, ReportFactory


def test_registered_projects_are_public_and_drafts_their_proponents(who):
    own = ProjectFactory(status=Project.Status.DRAFT, proponent=who.cooperative.organisation)
    other = ProjectFactory(status=Project.Status.DRAFT)
    submitted, public = ProjectFactory(status=Project.Status.SUBMITTED), ProjectFactory()
    assert set(projects_seen_by(None)) == {public}
    assert set(projects_seen_by(who.buyer)) == {public}
    assert set(projects_seen_by(who.cooperative)) == {public, own}
    assert set(projects_seen_by(who.verifier)) == {public, submitted}
    assert set(projects_seen_by(who.auditor)) == set(projects_seen_by(who.registrar)) == {public, submitted, own, other}


def test_reports_are_seen_with_their_projects(who):
    public = ReportFactory()
    draft = ReportFactory(project__status=Project.Status.SUBMITTED)
    assert set(reports_seen_by(None)) == {public}
    assert set(reports_seen_by(who.verifier)) == {public, draft}


def test_a_list_of_projects_is_one_query(who, django_assert_num_queries):
    for _ in range(3):
        ParcelFactory.create_batch(2, project=ProjectFactory())
    with django_assert_num_queries(1):
        assert [(project.proponent.name, project.total_area_ha) for project in projects_seen_by(None)]


def test_a_project_is_found_by_its_code(who):
    project = ProjectFactory(number=1_234_567)
    assert project.code == "TH-35-1234567"
    assert access_project_by_code(code=project.code, membership=None) == project


@pytest.mark.parametrize(
    "code",
    [
        "", "TH", "TH-35", "TH-35-1", "TH-35-0000012", "TH-36-000012", "th-35-000012", "TH-35-000012-2020",
        "TH-\x00-000012", "TH-35-00001２", "TH-35-000012\n", "TH-35-" + "9" * 30,
    ],
)  # fmt: skip
def test_any_other_spelling_is_not_found(who, code):
    ProjectFactory(number=12)
    assert access_project_by_code(code="TH-35-000012", membership=None)
    with pytest.raises(NotFound):
        access_project_by_code(code=code, membership=None)


def test_a_draft_is_not_found_by_others(who):
    draft = ProjectFactory(status=Project.Status.DRAFT)
    with pytest.raises(NotFound):
        access_project_by_code(code=draft.code, membership=who.buyer)
