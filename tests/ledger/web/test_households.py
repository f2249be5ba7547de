"""A cooperative's households on its pages, and what others see of them: nothing."""

import pytest
from django.test import Client

from ledger.models import Household, HouseholdLink, Membership, Organisation, Record
from tests.factories import HouseholdFactory, MembershipFactory, ParcelFactory, ProjectFactory
from tests.scenes import households_of, issue_to_cooperative, market_for, pay_in, plan_of, sell

pytestmark = pytest.mark.django_db


def client_of(membership):
    client = Client()
    client.force_login(membership.user)
    return client


@pytest.fixture
def page(who):
    return client_of(who.cooperative)


def upload(page, content, name="list.csv"):
    from django.core.files.uploadedfile import SimpleUploadedFile

    return page.post("/households", {"import": "1", "file": SimpleUploadedFile(name, content)})


def test_a_household_is_added_renamed_and_leaves(page, who):
    assert page.post("/households", {"code": " ３-０１７ ", "name": "陈家"}).status_code == 302
    household = Household.objects.get()
    assert (household.code, household.name, household.cooperative) == ("3-017", "陈家", who.cooperative.organisation)
    assert page.post(f"/households/{household.public_id}", {"code": "3-018", "name": "陈水生家"}).status_code == 302
    assert "陈水生家" in page.get("/households").content.decode()
    page.post(f"/households/{household.public_id}/leave")
    household.refresh_from_db()
    assert household.left_at is not None
    kinds = list(Record.objects.filter(kind__startswith="household_").order_by("id").values_list("kind", "entry"))
    assert [kind for kind, _entry in kinds] == ["household_added", "household_left"]
    # Neither its names nor its code.
    assert not any("陈" in bytes(entry).decode() or "3-01" in bytes(entry).decode() for _kind, entry in kinds)
    assert page.post(f"/households/{household.public_id}/leave").status_code == 409


def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_is_kept(page, who):
    HouseholdFactory(cooperative=who.cooperative.organisation, code="1")
    answer = page.post("/households", {"code": "1", "name": "张家"})
    assert answer.status_code == 422
    assert "code" in answer.context["form"].errors
    assert "张家" in answer.content.decode()
    assert page.post("/households", {"code": "", "name": "\x00"}).status_code == 422
    assert Household.objects.count() == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_a_list_is_read_in_what_spreadsheets_write(page, encoding):
    content = '户号,户名,备注\r\n１-００１,陈家,\r\n1-002,"林,家",x\r\n\r\n'.encode(encoding)
    assert upload(page, content).status_code == 302
    assert list(Household.objects.values_list("code", "name")) == [("1-001", "陈家"), ("1-002", "林,家")]
    assert Record.objects.filter(kind="household_added").count() == 2


HOSTILE = {
    "nothing": b"",
    "no header": "1,陈家\n2,林家\n".encode(),
    "no household": b"code,name\n",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "neither encoding": b"code,name\n\xff\xff\xff,x\n",
    "nul": b"code,name\n1,a\x00b\n",
    "a million columns": b"code,name" + b"," * 1_000_000 + b"\n1,a\n",
    "a long cell": b"code,name\n1," + b"a" * 200_000 + b"\n",
    "an open quote": b'code,name\n1,"a\n' + b"b\n" * 100,
    "too large": b"code,name\n" + b"1,a\n" * 600_000,
    "too many": b"code,name\n" + b"".join(b"%d,a\n" % number for number in range(10_001)),
    "a control character": "code,name\n1,a\u202eb\n2,\x07\n".encode(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_list_stores_nothing(page, name):
    answer = upload(page, HOSTILE[name])
    assert answer.status_code == 422
    assert answer.context["file_form"].errors["file"]
    assert not Household.objects.exists()


def test_each_wrong_line_is_named_and_nothing_is_stored(page, who):
    HouseholdFactory(cooperative=who.cooperative.organisation, code="7")
    content = "code,name\n1,陈家\n１,林家\n,黄家\n4,\n7,吴家\n8,郑家\n"
    said = str(upload(page, content.encode()).context["file_form"].errors["file"])
    for line in (3, 4, 5, 6):
        assert f"Line {line}" in said or f"第 {line} 行" in said
    assert Household.objects.count() == 1


def test_ten_thousand_households_are_read_at_once(page, django_assert_max_num_queries):
    content = "code,name\n" + "".join(f"{number:05d},第{number}户\n" for number in range(10_000))
    with django_assert_max_num_queries(60):
        assert upload(page, content.encode()).status_code == 302
    assert Household.objects.count() == 10_000


def test_the_list_comes_out_as_csv_that_is_read_in_again(page, who):
    HouseholdFactory(cooperative=who.cooperative.organisation, code="1", name="=HYPERLINK(1)")
    content = b"".join(page.get("/households/households.csv").streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    assert "'=HYPERLINK(1)" in content.decode()
    other = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE)
    assert upload(client_of(other), content).status_code == 302
    assert Household.objects.get(cooperative=other.organisation).name == "=HYPERLINK(1)"


def test_nobody_else_sees_or_changes_a_household(who):
    household = HouseholdFactory(cooperative=who.cooperative.organisation, name="陈家")
    stranger = MembershipFactory(organisation__kind=Organisation.Kind.COOPERATIVE)
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    address = f"/households/{household.public_id}"
    for reader in (stranger, who.buyer, who.verifier):
        assert client_of(reader).get(address).status_code == 404
    assert "陈家" not in client_of(stranger).get("/households").content.decode()
    for reader in (who.buyer, who.verifier, who.registrar, who.auditor):
        assert client_of(reader).get("/households").status_code == 404
        assert client_of(reader).get("/sharing").status_code == 404
    for reader in (viewer, who.cooperative, who.auditor, who.registrar):
        assert client_of(reader).get(address).status_code == 200
    for reader in (stranger, viewer, who.buyer, who.verifier, who.registrar, who.auditor):
        page = client_of(reader)
        assert page.post(address, {"code": "9", "name": "x"}).status_code in (404, 422)
        for step in ("leave", "link", "unlink"):
            assert page.post(f"{address}/{step}").status_code in (403, 404)
        assert page.post("/households/links").status_code in (302, 403)
    assert Client().get("/households").status_code == 302
    household.refresh_from_db()
    assert (household.code == "9", household.left_at) == (False, None)
    assert not HouseholdLink.objects.exists()


def test_a_page_of_households_costs_the_same_however_many_there_are(page, who, django_assert_num_queries):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    for household in HouseholdFactory.create_batch(30, cooperative=who.cooperative.organisation):
        ParcelFactory(project=project, household=household)
    with django_assert_num_queries(5):
        assert page.get("/households").status_code == 200


# The personal link


@pytest.fixture
def shared(who):
    """Let two households have shares in a sale, and return them with the first one's link."""
    project = ProjectFactory(proponent=who.cooperative.organisation)
    pay_in(who, who.buyer, 100_000_000)
    market = market_for(who, issue_to_cooperative(who, 100, project=project))
    households = households_of(who, project, ["1", "2"])
    plan_of(who, retained_bps=0)
    sell(who, market, 10)
    from ledger.credits.sharing.distributing import share_waiting_proceeds

    share_waiting_proceeds()
    return households


def token_of(page, household):
    answer = page.post(f"/households/{household.public_id}/link")
    assert answer["Cache-Control"].find("no-store") >= 0
    assert answer["Referrer-Policy"] == "no-referrer"
    return answer.context["rows"][0][1].rpartition("/h/")[2]


def test_a_link_shows_the_household_its_own_and_nothing_else(page, shared):
    mine, theirs = shared
    token = token_of(page, mine)
    assert token.encode() not in bytes(HouseholdLink.objects.get().token_hash)
    answer = Client().get(f"/h/{token}")
    text = answer.content.decode()
    assert mine.name in text
    assert theirs.name not in text
    assert theirs.code not in text
    assert "133.33" in text
    assert "266.67" not in text
    assert "15.00" in text
    assert (answer["Referrer-Policy"], "no-store" in answer["Cache-Control"]) == ("no-referrer", True)
    assert "noindex" in answer["X-Robots-Tag"]
    assert 'name="robots" content="noindex' in text
    assert "My share" in Client().get(f"/h/{token}?lang=en").content.decode()
    assert Client().get(f"/h/{token}?page=9999&lang=xx").status_code == 200


def test_a_link_that_was_made_anew_or_revoked_opens_nothing(page, shared):
    first = token_of(page, shared[0])
    second = token_of(page, shared[0])
    assert Client().get(f"/h/{first}").status_code == 404
    assert Client().get(f"/h/{second}").status_code == 200
    assert page.post(f"/households/{shared[0].public_id}/unlink").status_code == 302
    assert Client().get(f"/h/{second}").status_code == 404
    # A household whose link was revoked on purpose gets none with the others.
    assert len(page.post("/households/links").context["rows"]) == 1
    assert page.post("/households/links").status_code == 302


@pytest.mark.parametrize("token", ["x", "x" * 5_000, "%00", "%ff%fe", "é" * 40, "..%2f..", "'--"])
def test_what_is_no_link_opens_nothing(shared, token):
    answer = Client().get(f"/h/{token}")
    assert answer.status_code in (400, 404)


def test_guesses_are_limited_and_who_has_a_link_is_not(page, shared):
    token = token_of(page, shared[0])
    visitor = Client(REMOTE_ADDR="203.0.113.9")
    for _visit in range(60):
        assert visitor.get(f"/h/{token}").status_code == 200
    statuses = [visitor.get(f"/h/guess{number}").status_code for number in range(51)]
    assert statuses == [404] * 50 + [429]
    assert int(visitor.get("/h/guess")["Retry-After"]) > 0
    assert Client(REMOTE_ADDR="198.51.100.7").get(f"/h/{token}").status_code == 200


def test_the_households_page_costs_the_same_however_much_was_shared(page, shared, django_assert_num_queries):
    token = token_of(page, shared[0])
    with django_assert_num_queries(11):
        assert Client().get(f"/h/{token}").status_code == 200
