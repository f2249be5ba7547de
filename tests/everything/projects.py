"""Projects and reports are taken through their lives, with their diaries and documents."""

import datetime as dt
import uuid
from dataclasses import replace
from decimal import Decimal

import time_machine

from ledger.credits.services import issue_credits, retire_credits
from ledger.models import Project
from ledger.parties.households import add_household
from ledger.parties.services import apply_for_organisation, approve_organisation, suspend_organisation
from ledger.projects.conflicts import declare_conflict, lift_conflict
from ledger.projects.debundling import decide_debundling
from ledger.projects.declarations import state_baseline
from ledger.projects.descriptions import describe_project
from ledger.projects.diary.services import NewEntry, Place, withdraw_entry, write_entry
from ledger.projects.documents.services import NewDocument, add_document, withdraw_document
from ledger.projects.land.services import add_parcel, remove_parcel
from ledger.projects.lifecycle import (
    accept_project,
    ask_withdrawal,
    complete_projects,
    decline_project,
    return_project,
    suspend_project,
    withdraw_project,
)
from ledger.projects.renewals import assess_renewal, grant_renewal, refuse_renewal, request_renewal
from ledger.projects.reports import (
    approve_report,
    assign_verifier,
    correct_report,
    decline_report,
    reject_report,
    reopen_finding,
)
from ledger.projects.risk import confirm_risk, refuse_risk, state_risk
from ledger.projects.services import (
    create_project,
    register_project,
    reject_project,
    submit_project,
)
from tests.factories import (
    CREDITING,
    PRACTICES,
    SETTINGS,
    MembershipFactory,
    ParcelFactory,
    ProjectFactory,
    UserFactory,
    beside,
    square,
)
from tests.files import pdf, picture
from tests.ledger.projects.test_risk import ANSWERS
from tests.scenes import (
    accepted,
    answer,
    close,
    find,
    hand_in,
    report_year,
    validate,
    verified,
)


def register(who):
    """Take projects and reports through their lives: registered, rejected, drafts; issued, rejected, verified."""
    projects = [project_of(who, number) for number in range(3)]
    for project in projects[:2]:
        hand_in(who.cooperative, project)
    validate(who.verifier, projects[0])
    register_project(actor=who.registrar, project_id=projects[0].pk)
    accept_project(actor=who.verifier, project_id=projects[1].pk)
    reject_project(actor=who.verifier, project_id=projects[1].pk, reason="Not as it says.")
    applied = [apply_for_organisation(user=UserFactory(), kind="buyer", name=name) for name in ("甲", "乙", "丙")]
    for organisation in applied[:2]:
        approve_organisation(actor=who.registrar, organisation_id=organisation.pk)
    suspend_organisation(actor=who.registrar, organisation_id=applied[0].pk)
    reports_of(who, projects[0])
    live(who)


def reports_of(who, project):
    """Take reports through their lives: issued in parts, verified, declined and assigned anew, with findings, rejected."""
    for vintage in (2020, 2021):
        verified(who, report_year(who, project, vintage))
    first = project.reports.get(vintage=2020)
    approve_report(actor=who.registrar, report_id=first.pk)
    part, _rest = (
        issue_credits(actor=who.registrar, report_id=first.pk, quantity_t=quantity_t) for quantity_t in (7, None)
    )
    # What names the first batch by its id.
    retire_credits(
        actor=who.cooperative, batch_id=part.pk, quantity_t=1, beneficiary_name="龙山米业", purpose="own_footprint"
    )
    rejected = report_year(who, project, 2022)
    reject_report(actor=who.registrar, report_id=rejected.pk, reason="Not as it says.")
    other = MembershipFactory(organisation__kind="verifier")
    moved = report_year(who, project, 2022)
    decline_report(actor=who.verifier, report_id=moved.pk, reason="No time.")
    assign_verifier(actor=who.cooperative, report_id=moved.pk, verifier=other.organisation.public_id)
    report = accepted(who, report_year(who, project, 2023))
    one, two, three = (find(who, report, text=f"{number} is missing.") for number in range(3))
    short = {"seasons": [PRACTICES["seasons"][0] | {"days": 56}]}
    correct_report(actor=who.cooperative, report_id=report.pk, practices={"P0": short})
    correct_report(actor=who.cooperative, report_id=report.pk, practices={"P1": short})
    for finding in (one, two):
        answer(who, finding)
        close(who, finding)
    reopen_finding(actor=who.verifier, finding_id=two.pk, reason="July, too.")
    find(who, report, kind="forward_action", text="Weigh the harvest.")
    reopen_finding(actor=who.verifier, finding_id=answer(who, three).pk, reason="Not so.")
    answer(who, three, "So.")
    soil = ProjectFactory(
        proponent=who.cooperative.organisation,
        number=1_000,
        methodology="soc-tier1-1",
        settings={"risk_percent": "12"},
        validator=who.verifier.organisation,
    )
    stated = state_risk(actor=who.cooperative, project_id=soil.pk, answers=ANSWERS)
    refuse_risk(actor=who.verifier, assessment_id=stated.pk, reason="The dyke is broken.")
    for answers in (ANSWERS, ANSWERS | {"drought": ANSWERS["flood"]}):
        confirm_risk(
            actor=who.verifier,
            assessment_id=state_risk(actor=who.cooperative, project_id=soil.pk, answers=answers).pk,
        )
    state_risk(actor=who.cooperative, project_id=soil.pk, answers=ANSWERS | {"presence": "farther"})


def live(who):
    """Take projects through what else there is: described, sent back, suspended, withdrawn, completed, renewed, judged."""
    described = project_of(who, 3)
    describe_project(actor=who.cooperative, project_id=described.pk, changes=DESCRIPTION)
    for number in (0, 1):
        state_baseline(
            actor=who.cooperative, project_id=described.pk, evidence=f"Photos {number}.", parcels=[f"P{number}"]
        )
    submit_project(actor=who.cooperative, project_id=described.pk)
    accept_project(actor=who.verifier, project_id=described.pk)
    return_project(actor=who.verifier, project_id=described.pk, reason="The map is another one.")
    projects = [project_of(who, number) for number in range(4, 12)]
    declined, suspended, asked, withdrawn, completed, renewed, waiting, near = projects
    for project in projects:
        hand_in(who.cooperative, project)
    accept_project(actor=who.verifier, project_id=declined.pk)
    decline_project(actor=who.verifier, project_id=declined.pk, reason="No people.")
    withdraw_project(actor=who.cooperative, project_id=withdrawn.pk, reason="Sold.")
    for project in (suspended, asked, completed, renewed, waiting):
        validate(who.verifier, project)
        register_project(actor=who.registrar, project_id=project.pk)
    suspend_project(actor=who.registrar, project_id=suspended.pk, reason="Drained wrongly.")
    ask_withdrawal(actor=who.cooperative, project_id=asked.pk, reason="Built over.")
    with time_machine.travel(dt.datetime(2029, 6, 1, tzinfo=dt.UTC), tick=True):
        granted, refused, _waiting = (
            request_renewal(actor=who.cooperative, project_id=project.pk, ends_on=END, note=f"As before, {project.pk}.")
            for project in (renewed, completed, waiting)
        )
    assess_renewal(actor=who.verifier, renewal_id=granted.pk, statement="It still holds.")
    grant_renewal(actor=who.registrar, renewal_id=granted.pk)
    refuse_renewal(actor=who.registrar, renewal_id=refused.pk, reason="Another regime.")
    complete_projects(dt.date(2033, 1, 1))
    mistaken, _right = (
        declare_conflict(actor=who.verifier, project_id=near.pk, nature=nature, note=nature) for nature in NATURES
    )
    lift_conflict(actor=who.registrar, conflict_id=mistaken.pk, reason="Mistaken.")
    judge_neighbours(who, near)


def judge_neighbours(who, project):
    """Decide twice about a project that lies beside another of its proponent."""
    beside_it = ProjectFactory(proponent=who.cooperative.organisation, number=2_000)
    ParcelFactory(project=beside_it, geometry=beside(project.parcels.first().geometry))
    for is_one, reason in ((False, "Two villages."), (True, "One canal.")):
        decide_debundling(actor=who.registrar, project_id=project.pk, is_one_with_them=is_one, reason=reason)


DESCRIPTION = {
    "county_code": "350627",
    "starts_on": dt.date(2019, 3, 1),
    "project_link": "https://example.org/paddies",
    "covered_by_ndc": "inside",
    "ndc_information": "Agriculture.",
    "co_benefits": ["sdg_2"],
    "labels": [{"name": "CCB", "label_type": "certification"}],
    "related_projects": [{"project": "VCS 1", "relationship": "next to it"}],
    "estimations": [{"starts_on": "2020-01-01", "ends_on": "2020-12-31", "quantity_t": 5}],
    "is_listed_elsewhere": True,
    "other_listings": [{"registry": "Verra", "number": "1"}],
}


END = dt.date(2034, 12, 31)
NATURES = ("advised", "financial")


def keep_diary(who):
    """Write into a diary, with and without time and place; correct and withdraw; keep, publish and withdraw documents."""
    project = Project.objects.get(status=Project.Status.REGISTERED, number=1)
    place = Place(Decimal("24.5"), Decimal("117.1"), 12)
    said = [
        NewEntry(
            uuid.UUID(int=at),
            "drainage",
            ["P0", "P1"][: 1 + at % 2],
            dt.date(2020, 5, 1 + at),
            {"water_level_cm": str(-at)},
            season=["", "early"][at % 2],
            happened_time=dt.time(9, at) if at % 2 else None,
            place=place if at % 3 else None,
            note=f"第{at}次",
        )
        for at in range(1, 7)
    ]
    entries = [write_entry(actor=who.cooperative, project_id=project.pk, new=new).entry for new in said]
    better = replace(said[0], client_uuid=uuid.UUID(int=9), replaces=entries[0].pk)
    write_entry(actor=who.cooperative, project_id=project.pk, new=better)
    better = replace(said[1], client_uuid=uuid.UUID(int=10), replaces=entries[1].pk)
    write_entry(actor=who.cooperative, project_id=project.pk, new=better)
    withdraw_entry(actor=who.cooperative, project_id=project.pk, entry_id=entries[2].pk, reason="Wrong field.")
    report_ids = list(project.reports.order_by("id").values_list("pk", flat=True))[:2]
    papers = [
        NewDocument(pdf(b"%d 0 obj null endobj\n" % at), f"{at}.pdf", kind, f"文件{at}", **more)
        for at, (kind, more) in enumerate(
            [
                ("contract", {}),
                ("land_right", {"parcel_code": "P0", "is_public": True}),
                ("soil_report", {"report_id": report_ids[0], "parcel_code": "P1"}),
                ("soil_report", {"report_id": report_ids[1]}),
                ("photo", {"diary_entry_id": entries[3].pk}),
                ("photo", {"diary_entry_id": entries[4].pk, "is_public": True}),
            ]
        )
    ]
    papers += [NewDocument(picture(colour=at), f"{at}.jpg", "photo", is_public=True) for at in ("red", "blue")]
    kept = [add_document(actor=who.cooperative, project_id=project.pk, new=new) for new in papers]
    add_document(actor=who.registrar, project_id=project.pk, new=replace(papers[0], title="同一份"))
    for at, document in enumerate(kept[1:7:2]):
        withdraw_document(actor=who.cooperative, public_id=document.public_id, reason=f"Not this one, {at}.")


def project_of(who, number):
    project = create_project(
        actor=who.cooperative,
        name=f"稻田{number}",
        place=f"福建{number}",
        province_code="35",
        methodology="rice-water-1",
        settings=SETTINGS,
        crediting_starts_on=CREDITING[0],
        crediting_ends_on=CREDITING[1],
        description=f"第{number}片",
    )
    fields = [
        add_parcel(
            actor=who.cooperative,
            project_id=project.pk,
            code=f"P{field}",
            geometry=square(number * 3 + field),
            practices=PRACTICES,
            name=f"田{field}",
            **(described(who, number * 3 + field) if field else {}),
        )
        for field in range(3)
    ]
    remove_parcel(actor=who.cooperative, project_id=project.pk, parcel_id=fields[2].pk)
    return project


def described(who, number):
    """Return what is said of a field beside its shape and practices."""
    household = add_household(actor=who.cooperative, code=f"1-{number}", name=f"户{number}")
    return {
        "household_code": household.code,
        "declared_area_ha": Decimal(90 + number),
        "area_reason": f"Paths, {number}.",
        "converted_from": "GCJ-02" if number % 2 else "BD-09",
    }
