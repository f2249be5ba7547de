import re

import pytest
import time_machine

from ledger.models import Finding, MonitoringReport, Project, RiskAssessment
from ledger.projects.reports import decline_report, reject_report
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory
from tests.ledger.projects.test_risk import ANSWERS, LAND
from tests.scenes import accepted, answer, find, report_year, verified

ON_THE_DAY = "2024-06-01T08:00:00+08:00"


@pytest.fixture
def project(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project, code="A01")
    return project


@pytest.fixture
def report(who, project):
    return report_year(who, project)


def address(report, step=""):
    return f"/projects/{report.project.code}/reports/{report.pk}{step}"


def begin(client, project, vintage=2020):
    answer = client.post(f"/projects/{project.code}/reports/new", {"vintage": str(vintage)})
    draft = MonitoringReport.objects.get(vintage=vintage)
    assert answer["Location"] == address(draft, "/edit")
    return draft


def test_everybody_reads_the_report_of_a_registered_project(client, who, report):
    page = client.get(address(report))
    assert page.context["sheet"].result == report.sheet["result"]
    assert report.sheet_sha256 in page.content.decode()
    for person in (who.cooperative.user, who.verifier.user):
        assert str(person) not in page.content.decode()


def test_a_report_is_at_its_own_projects_address_alone(client, who, report):
    other = ProjectFactory()
    assert client.get(f"/projects/{other.code}/reports/{report.pk}").status_code == 404
    assert client.get(f"/projects/{report.project.code}/reports/99999999999999999999").status_code == 404


def test_a_report_of_a_project_that_is_not_public_is_not_found(client, who, report):
    Project.objects.update(status="submitted")
    assert client.get(address(report)).status_code == 404
    client.force_login(who.verifier.user)
    assert client.get(address(report)).status_code == 200


def test_the_page_of_a_report_asks_the_database_little(client, who, report, django_assert_num_queries):
    with django_assert_num_queries(6):
        client.get(address(report))


def test_the_page_of_a_report_asks_no_more_for_more_findings(client, who, report, django_assert_num_queries):
    accepted(who, report)
    for kind in ("corrective_action", "clarification", "forward_action"):
        find(who, report, kind=kind)
    client.force_login(who.verifier.user)
    with django_assert_num_queries(13):
        client.get(address(report))


# Drafts


@time_machine.travel(ON_THE_DAY)
def test_a_draft_is_begun_saved_previewed_and_handed_in(client, who, project):
    client.force_login(who.cooperative.user)
    draft = begin(client, project)
    page = client.get(address(draft, "/edit"))
    assert (page.status_code, page.context.get("sheet")) == (200, None)
    preview = client.post(address(draft, "/edit"), {"preview": "1"})
    net_t = preview.context["sheet"].result["net_t"]
    draft.refresh_from_db()
    assert draft.status == "draft"
    nobody = client.post(address(draft, "/edit"), {"hand_in": "1"})
    assert (nobody.status_code, list(nobody.context["verifier_form"].errors)) == (422, ["verifier"])
    verifier = str(who.verifier.organisation.public_id)
    done = client.post(address(draft, "/edit"), {"hand_in": "1", "verifier": verifier})
    assert done["Location"] == address(draft)
    draft.refresh_from_db()
    assert (draft.vintage, draft.net_t, draft.status) == (2020, net_t, "submitted")


@time_machine.travel(ON_THE_DAY)
def test_only_years_that_are_over_and_not_reported_are_offered(client, who, project, report):
    client.force_login(who.cooperative.user)
    new = f"/projects/{project.code}/reports/new"
    assert client.get(new).context["vintages"] == [2021, 2022, 2023]
    for vintage in ("2020", "2024", "2019", "x", ""):
        refused = client.post(new, {"vintage": vintage})
        assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["vintage"])
    assert MonitoringReport.objects.count() == 1
    draft = begin(client, project, 2022)
    page = client.get(new)
    assert (page.context["vintages"], page.context["drafts"]) == ([2021, 2023], [draft])


def test_a_year_that_leaves_a_gap_is_refused_and_what_was_typed_is_kept(client, who, project):
    client.force_login(who.cooperative.user)
    draft = begin(client, project, 2021)
    verifier = str(who.verifier.organisation.public_id)
    refused = client.post(address(draft, "/edit"), {"hand_in": "1", "verifier": verifier})
    assert refused.status_code == 422
    assert "2020" in str(refused.context["verifier_form"].non_field_errors())
    assert refused.context["verifier_form"]["verifier"].value() == verifier


def test_a_draft_is_its_cooperatives_alone(client, who, project):
    client.force_login(who.cooperative.user)
    draft = begin(client, project)
    assert client.get(address(draft))["Location"] == address(draft, "/edit")
    parcel = project.parcels.get()
    stranger = MembershipFactory(organisation__kind="cooperative")
    for reader in (who.verifier, who.registrar, who.auditor, who.buyer, stranger):
        client.force_login(reader.user)
        for step in ("", "/edit", f"/fields/{parcel.pk}", "/calculation.csv"):
            assert client.get(address(draft, step)).status_code == 404
        assert client.post(address(draft, "/discard")).status_code == 404
    assert MonitoringReport.objects.get() == draft


def test_a_draft_is_thrown_away(client, who, project):
    client.force_login(who.cooperative.user)
    draft = begin(client, project)
    client.post(address(draft, "/discard"))
    assert not MonitoringReport.objects.exists()
    assert client.get(address(draft, "/edit")).status_code == 404


def test_a_yield_that_fell_is_taken_off_as_leakage(client, who, project):
    client.force_login(who.cooperative.user)
    draft = begin(client, project)
    parcel = project.parcels.get()
    before, after = (f"yield-{parcel.pk}-early-{when}" for when in ("baseline", "project"))
    preview = client.post(address(draft, "/edit"), {"preview": "1", before: "6.5", after: "5"})
    assert preview.context["sheet"].result["leakage_t_co2e"] != "0"
    assert preview.context["form"][before].value() == "6.5"
    draft.refresh_from_db()
    assert draft.practices["A01"]["seasons"][0]["yield_t_per_ha"] == {"baseline": "6.5", "project": "5"}
    client.post(address(draft, "/edit"), {"save": "1"})
    draft.refresh_from_db()
    assert "yield_t_per_ha" not in draft.practices["A01"]["seasons"][0]


@pytest.mark.parametrize(("before", "after"), [("6.5", ""), ("0", "5"), ("-1", "5"), ("x", "5")])
def test_bad_yields_are_refused_beside_their_field(client, who, project, before, after):
    client.force_login(who.cooperative.user)
    draft = begin(client, project)
    parcel = project.parcels.get()
    given = {f"yield-{parcel.pk}-early-baseline": before, f"yield-{parcel.pk}-early-project": after}
    refused = client.post(address(draft, "/edit"), {"save": "1"} | given)
    assert refused.status_code == 422
    assert set(refused.context["form"].errors) <= set(given)
    draft.refresh_from_db()
    assert draft.practices == {}


SEASON = {
    "season0-name": "early",
    "season0-days": "60",
    "season0-baseline_water": "continuous",
    "season0-project_water": "multiple_drainage",
    "season0-baseline_preseason": "non_flooded_under_180_days",
    "season0-project_preseason": "non_flooded_under_180_days",
    "season0-baseline_n": "150",
    "season0-project_n": "150",
}


def test_what_was_done_on_a_field_is_saved_and_taken_back(client, who, project):
    client.force_login(who.cooperative.user)
    draft = begin(client, project)
    field = address(draft, f"/fields/{project.parcels.get().pk}")
    assert client.get(field).status_code == 200
    assert client.post(field, SEASON)["Location"] == address(draft, "/edit")
    draft.refresh_from_db()
    assert draft.practices["A01"]["seasons"][0]["days"] == 60
    refused = client.post(field, SEASON | {"season0-days": "-5"})
    assert (refused.status_code, b'value="-5"' in refused.content) == (422, True)
    client.post(field, SEASON | {"reset": "1"})
    draft.refresh_from_db()
    assert draft.practices == {}


def test_only_its_cooperative_reports_a_project(client, who, project):
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role="viewer")
    for membership in (MembershipFactory(organisation__kind="cooperative"), viewer, who.buyer, who.registrar):
        client.force_login(membership.user)
        assert client.post(f"/projects/{project.code}/reports/new", {"vintage": "2022"}).status_code == 404


def test_a_draft_asks_the_database_no_more_for_more_fields(client, who, project, django_assert_num_queries):
    for number in range(5):
        ParcelFactory(project=project, code=f"B{number}")
    client.force_login(who.cooperative.user)
    draft = begin(client, project)
    with django_assert_num_queries(8):
        client.get(address(draft, "/edit"))


# The verifier


def test_the_verifier_accepts_sees_that_the_calculation_agrees_and_signs(client, who, report):
    client.force_login(who.verifier.user)
    page = client.get(address(report))
    assert (page.context["asked_to_accept"], page.context["examines"]) == (True, False)
    assert client.post(address(report, "/accept"))["Location"] == address(report)
    assert client.post(address(report, "/accept")).status_code == 422
    page = client.get(address(report))
    assert (page.context["examines"], page.context["recomputation_agrees"]) == (True, True)
    assert client.post(address(report, "/verify"), {"statement": ""}).status_code == 422
    assert client.post(address(report, "/verify"), {"statement": "agrees"})["Location"] == address(report)
    report.refresh_from_db()
    assert (report.status, report.verifier) == ("verified", who.verifier.organisation)


def test_the_verifier_declines_and_the_cooperative_names_another(client, who, report):
    client.force_login(who.verifier.user)
    assert client.post(address(report, "/decline"), {"reason": ""}).status_code == 422
    client.post(address(report, "/decline"), {"reason": "no time"})
    other = MembershipFactory(organisation__kind="verifier")
    client.force_login(who.cooperative.user)
    assert client.get(address(report)).context["names_verifier"]
    assert client.post(address(report, "/assign"), {"verifier": "x"}).status_code == 422
    client.post(address(report, "/assign"), {"verifier": str(other.organisation.public_id)})
    report.refresh_from_db()
    assert report.verifier == other.organisation


def test_a_verifier_is_told_where_the_calculation_does_not_agree_line_by_line(client, who, report):
    accepted(who, report)
    lines = [dict(line) for line in report.sheet["lines"]]
    lines[0]["result"] = "999"
    MonitoringReport.objects.filter(pk=report.pk).update(sheet=report.sheet | {"lines": lines}, sheet_sha256="0" * 64)
    client.force_login(who.verifier.user)
    page = client.get(address(report))
    assert page.context["recomputation_agrees"] is False
    (difference,) = page.context["recomputation_differences"].lines
    assert (difference.before, difference.symbol) == ("999", lines[0]["symbol"])
    assert client.post(address(report, "/verify"), {"statement": "agrees"}).status_code == 422
    report.refresh_from_db()
    assert report.status == "in_verification"


def test_findings_are_opened_answered_after_a_correction_and_closed(client, who, report):
    accepted(who, report)
    client.force_login(who.verifier.user)
    refused = client.post(address(report, "/findings"), {"kind": "clarification", "text": ""})
    assert refused.status_code == 422
    # The field lies far below the head of the page: the browser begins there.
    (begun,) = re.findall(r"<[^>]* autofocus[ >]", refused.content.decode())
    assert 'name="text"' in begun
    client.post(address(report, "/findings"), {"kind": "corrective_action", "text": "Only 56 days."})
    finding = Finding.objects.get()
    assert client.get(address(report)).context["open_count"] == 1
    client.force_login(who.cooperative.user)
    page = client.get(address(report))
    assert page.context["may_change"]
    field = address(report, f"/fields/{report.project.parcels.get().pk}")
    client.post(field, SEASON)
    assert client.post(address(report, "/edit"), {"correct": "1"})["Location"] == address(report)
    step, name = address(report, f"/findings/{finding.pk}"), f"finding{finding.pk}"
    empty = client.post(f"{step}/answer", {f"{name}-answer": ""})
    (row,) = empty.context["findings"]
    assert (empty.status_code, list(row["answer_form"].errors)) == (422, ["answer"])
    client.post(f"{step}/answer", {f"{name}-answer": "Mended."})
    (change,) = client.get(address(report)).context["changes"]
    assert change["differences"].count > 0
    client.force_login(who.verifier.user)
    client.post(f"{step}/reopen", {f"{name}-reason": "Not quite."})
    client.force_login(who.cooperative.user)
    client.post(f"{step}/answer", {f"{name}-answer": "Now."})
    client.force_login(who.verifier.user)
    client.post(f"{step}/close", {f"{name}-note": "Good."})
    finding.refresh_from_db()
    assert (finding.status, finding.answer) == ("closed", "Now.")
    assert client.post(address(report, "/verify"), {"statement": "agrees"})["Location"] == address(report)


def test_findings_are_not_shown_to_everybody_before_the_report_is_verified(client, who, report):
    accepted(who, report)
    finding = find(who, report, text="the dyke is broken")
    assert "the dyke is broken" not in client.get(address(report)).content.decode()
    answer(who, finding)
    client.force_login(who.auditor.user)
    assert "the dyke is broken" in client.get(address(report)).content.decode()


def test_a_forward_action_is_looked_after_in_the_next_report(client, who, report):
    accepted(who, report)
    forward = find(who, report, kind="forward_action", text="weigh the harvest")
    MonitoringReport.objects.filter(pk=report.pk).update(status="approved", verified_by=who.verifier.user)
    following = accepted(who, report_year(who, report.project, 2021))
    client.force_login(who.verifier.user)
    (row,) = client.get(address(following)).context["findings"]
    assert (row["finding"], row["is_earlier"]) == (forward, True)
    client.post(address(following, f"/findings/{forward.pk}/close"), {f"finding{forward.pk}-note": "weighed"})
    forward.refresh_from_db()
    assert forward.status == "closed"


def test_a_rejected_report_says_why_and_the_vintage_is_open_again(client, who, report):
    accepted(who, report)
    client.force_login(who.verifier.user)
    client.post(address(report, "/reject"), {"reason": "August is missing"})
    client.force_login(who.cooperative.user)
    assert "August is missing" in client.get(address(report)).content.decode()
    assert 2020 in client.get(f"/projects/{report.project.code}/reports/new").context["vintages"]


@pytest.mark.parametrize("name", ["cooperative", "buyer", "registrar", "auditor", "other verifier"])
def test_nobody_else_accepts_declines_finds_or_verifies(client, who, report, name):
    actor = MembershipFactory(organisation__kind="verifier") if name == "other verifier" else getattr(who, name)
    client.force_login(actor.user)
    page = client.get(address(report))
    assert not page.context["asked_to_accept"]
    assert not page.context["examines"]
    assert client.post(address(report, "/accept")).status_code == 422
    assert client.post(address(report, "/decline"), {"reason": "no"}).status_code == 422
    accepted(who, report)
    assert client.post(address(report, "/verify"), {"statement": "agrees"}).status_code == 422
    assert client.post(address(report, "/findings"), {"kind": "clarification", "text": "x"}).status_code == 422
    report.refresh_from_db()
    assert report.status == "in_verification"


def test_a_stranger_does_nothing(client, who, report):
    for step in ("/verify", "/accept", "/decline", "/findings", "/discard"):
        assert client.post(address(report, step))["Location"].startswith("/login")


def test_the_registrar_is_led_to_the_desk(client, who, report):
    client.force_login(who.registrar.user)
    assert client.get(address(report)).context["decides"]


def test_the_calculation_is_handed_out(client, who, report):
    response = client.get(address(report, "/calculation.csv"))
    assert response["Content-Disposition"] == f'attachment; filename="{report.project.code}-2020.csv"'
    assert len(b"".join(response).splitlines()) == len(report.sheet["lines"]) + 1


def test_an_overdue_step_is_marked_on_the_page_and_in_the_queue(client, who, report):
    MonitoringReport.objects.filter(pk=report.pk).update(status_since="2024-01-01T00:00:00+08:00")
    client.force_login(who.verifier.user)
    assert client.get(address(report)).context["is_overdue"]
    assert b"due--late" in client.get("/work").content


# The queue


def test_the_queue_sorts_reports_by_what_is_to_be_done(client, who, project):
    reports = {vintage: report_year(who, project, vintage) for vintage in range(2020, 2024)}
    accepted(who, reports[2021])
    accepted(who, reports[2022])
    find(who, reports[2022])
    decline_report(actor=who.verifier, report_id=reports[2023].pk, reason="no time")
    client.force_login(who.cooperative.user)
    begin(client, project, 2024)
    context = client.get("/work").context
    assert [each.vintage for each in context["draft_reports"]] == [2024]
    assert [report.vintage for report, _steps in context["open_reports"]] == [2021, 2020]
    tasks = {task.kind: task.keys.get("report_id") for task in context["tasks"]}
    assert tasks["findings_to_answer"] == reports[2022].pk
    assert tasks["verifier_to_name"] == reports[2023].pk
    client.force_login(who.verifier.user)
    queue = client.get("/work").context["page"]
    # What is to be accepted is due after five days, what is to be verified after thirty; then what waits for others.
    assert [(entry.vintage, entry.is_ours) for entry in queue] == [(2020, True), (2021, True), (2022, False)]
    assert [entry.findings for entry in queue] == [(0, 0, 0), (0, 0, 0), (1, 0, 0)]


def test_what_is_verified_leaves_the_queue(client, who, report):
    verified(who, report)
    client.force_login(who.verifier.user)
    assert list(client.get("/work").context["page"]) == []
    (entry,) = client.get("/work?show=done").context["page"]
    assert (entry.project, entry.vintage) == (report.project, report.vintage)


# Risk


@pytest.fixture
def soil(who):
    project = ProjectFactory(
        proponent=who.cooperative.organisation,
        methodology="soc-tier1-1",
        settings={"risk_percent": "12"},
        validator=who.verifier.organisation,
    )
    ParcelFactory(project=project, code="S01", practices=LAND)
    return project


RISK = {name: value for name, value in ANSWERS.items() if isinstance(value, str)} | {
    "fire": "minor",
    "fire_likelihood": "under_10_years",
    "fire_mitigation": "one_measure",
    "flood": "minor",
    "flood_likelihood": "10_to_25_years",
    "flood_mitigation": "none",
}


def test_the_risk_is_stated_confirmed_and_public(client, who, soil):
    client.force_login(who.cooperative.user)
    page = f"/projects/{soil.code}"
    assert client.get(f"{page}/risk").status_code == 200
    refused = client.post(f"{page}/risk", RISK | {"fire_mitigation": "", "longevity": "under_40_years"})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["fire_mitigation"])
    refused = client.post(f"{page}/risk", RISK | {"longevity": "under_40_years"})
    assert list(refused.context["form"].errors) == ["longevity"]
    assert client.post(f"{page}/risk", RISK)["Location"] == page
    assessment = RiskAssessment.objects.get()
    assert (assessment.answers, assessment.risk_percent) == (ANSWERS, 13)
    client.force_login(who.verifier.user)
    assert client.get(page).context["risk"]["may_judge"]
    client.post(f"{page}/risk/{assessment.pk}/confirm")
    client.logout()
    assert client.get(page).context["risk"]["confirmed"] == assessment


def test_the_risk_is_refused_with_a_reason(client, who, soil):
    client.force_login(who.cooperative.user)
    client.post(f"/projects/{soil.code}/risk", RISK)
    assessment = RiskAssessment.objects.get()
    client.force_login(who.verifier.user)
    client.post(f"/projects/{soil.code}/risk/{assessment.pk}/refuse", {"risk-reason": ""})
    assert RiskAssessment.objects.get().status == "stated"
    client.post(f"/projects/{soil.code}/risk/{assessment.pk}/refuse", {"risk-reason": "the dyke is broken"})
    client.force_login(who.cooperative.user)
    assert "the dyke is broken" in client.get(f"/projects/{soil.code}").content.decode()


def test_nobody_else_states_or_confirms_the_risk(client, who, soil, project):
    stranger = MembershipFactory(organisation__kind="cooperative")
    for reader in (stranger, who.verifier, who.registrar, who.buyer):
        client.force_login(reader.user)
        assert client.get(f"/projects/{soil.code}/risk").status_code == 404
    client.force_login(who.cooperative.user)
    assert client.get(f"/projects/{project.code}/risk").status_code == 404
    client.post(f"/projects/{soil.code}/risk", RISK)
    assessment = RiskAssessment.objects.get()
    for reader in (who.cooperative, who.registrar, who.buyer):
        client.force_login(reader.user)
        assert client.post(f"/projects/{soil.code}/risk/{assessment.pk}/confirm").status_code == 403
    client.force_login(who.verifier.user)
    assert client.post(f"/projects/{project.code}/risk/{assessment.pk}/confirm").status_code == 404


def test_a_rejected_report_can_be_reported_again(client, who, report):
    reject_report(actor=who.registrar, report_id=report.pk, reason="again")
    client.force_login(who.cooperative.user)
    again = client.post(f"/projects/{report.project.code}/reports/new", {"vintage": "2020"})
    assert again.status_code == 302


# Findings that name fields, and common ones


def test_a_finding_names_fields_and_stands_beside_them(client, who, report):
    accepted(who, report)
    field = report.project.parcels.first()
    other = ParcelFactory(project=report.project)
    client.force_login(who.verifier.user)
    given = {
        "kind": "corrective_action",
        "fields_named": f" {field.code}，",
        "template": "water",
        "text": "Above all in May.",
    }
    assert client.post(address(report, "/findings"), given).status_code == 302
    finding = Finding.objects.get()
    assert finding.text.startswith(f"{field.code}: ")
    assert finding.text.endswith("\nAbove all in May.")
    client.force_login(who.cooperative.user)
    page = client.get(address(report)).content.decode()
    assert f"{address(report, '/fields')}/{field.pk}" in page
    assert f"{address(report, '/fields')}/{other.pk}" not in page.split('class="findings"')[1].split("</ul>")[0]
    edit = client.get(address(report, "/edit"))
    assert {code: [each.pk for each in found] for code, found in edit.context["asked_of"].items()} == {
        field.code: [finding.pk]
    }
    asked = {
        parcel.pk: client.get(f"{address(report, '/fields')}/{parcel.pk}").context["findings"]
        for parcel in (field, other)
    }
    assert asked == {field.pk: [finding], other.pk: []}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " "}, "text"),
        ({"text": "x", "fields_named": "NOPE"}, "fields_named"),
        ({"text": "x", "template": "made up"}, "template"),
        ({"text": "x" * 5_000, "template": "water"}, "text"),
        ({"text": "x", "kind": "anger"}, "kind"),
    ],
)
def test_a_finding_that_is_none_is_refused_and_what_was_typed_is_kept(client, who, report, given, field):
    accepted(who, report)
    client.force_login(who.verifier.user)
    answer = client.post(address(report, "/findings"), {"kind": "clarification"} | given)
    assert answer.status_code == 422
    assert field in answer.context["finding_form"].errors
    assert answer.context["finding_form"]["text"].value() == given["text"]
    assert not Finding.objects.exists()


def test_a_common_finding_needs_no_typing(client, who, report):
    accepted(who, report)
    client.force_login(who.verifier.user)
    assert client.post(address(report, "/findings"), {"kind": "clarification", "template": "yield"}).status_code == 302
    assert Finding.objects.get().text
