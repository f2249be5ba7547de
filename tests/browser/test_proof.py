"""The reader's own browser checks what is in the log: what holds, what does not, and what it cannot check and says so."""

import base64
import json
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest
from django.db import transaction
from django.utils import timezone

from ledger.credits.services import retire_credits
from ledger.journal.services import Leg, Posting, open_account, post_transactions
from ledger.models import Record
from ledger.transparency import merkle
from ledger.transparency.sequencer import sequence_log
from tests.browser.chromium import needs_chromium
from tests.browser.grounds import wait_until_there
from tests.browser.readers import reading
from tests.running import running
from tests.scenes import issue_to_cooperative, pay_in

pytestmark = [
    needs_chromium,
    pytest.mark.django_db(transaction=True),
]

VECTORS = Path(__file__).parents[1] / "ledger" / "transparency" / "merkle_vectors.json"
STATE = "document.querySelector('[data-verdict]').dataset.state"
CHECKS = """Object.fromEntries(Array.from(document.querySelectorAll('[data-check]'),
    (item) => [item.dataset.check, item.dataset.state ?? null]))"""
SHOWN = "document.querySelector('[data-verdict]').innerText"
RUNS = 501
ALL = ("entry", "path", "entry2", "path2", "signature", "claims", "serials")


@pytest.fixture
def batch(who):
    return issue_to_cooperative(who, 1_000, buffer_t=100)


@pytest.fixture(scope="module")
def site(django_db_setup):
    """Return a site for all tests of this file: it keeps nothing between them but what the database has."""
    with running("web") as (_processes, environment):
        root = f"http://127.0.0.1:{environment['WEB_PORT']}"
        wait_until_there(f"{root}/trace")
        yield root


@pytest.fixture
def tab(browser, site):
    with reading(browser, site) as reader:
        yield reader


def retire(who, batch, **changed):
    given = {"quantity_t": 7, "beneficiary_name": "榕江公司", "purpose": "event"} | changed
    return retire_credits(actor=who.cooperative, batch_id=batch.pk, **given)


def verdict(tab, address):
    """Open a page that checks, and return its verdict with the state of each check."""
    tab.go(address)
    tab.wait_for(f"!['waiting', 'running', undefined].includes({STATE})")
    return tab.evaluate(STATE), tab.evaluate(CHECKS)


def inclusion(tab, vectors):
    """Return which of these vectors the module of the page takes for true."""
    # Places and sizes as text: some are beyond what a number of JavaScript keeps exactly.
    written = [vector | {"leafIdx": str(vector["leafIdx"]), "treeSize": str(vector["treeSize"])} for vector in vectors]
    return tab.evaluate(
        f"""(async (vectors) => {{
            const {{ ProofError, fromBase64 }} = await import('/static/js/proof/bytes.js');
            const {{ verifyInclusion }} = await import('/static/js/proof/merkle.js');
            const holds = async (vector) => {{
                const [leaf, root] = [fromBase64(vector.leafHash ?? ''), fromBase64(vector.root ?? '')];
                const path = (vector.proof ?? []).map(fromBase64);
                await verifyInclusion(vector.leafIdx, vector.treeSize, leaf, path, root);
                return true;
            }};
            return Promise.all(vectors.map((vector) => holds(vector).catch((error) => {{
                if (error instanceof ProofError) return false;
                throw error;
            }})));
        }})({json.dumps(written)})"""
    )


def test_the_published_vectors_of_inclusion_pass_in_the_browser(site, tab):
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))["inclusion"]
    tab.go("/proof")
    assert inclusion(tab, vectors) == [not vector["wantErr"] for vector in vectors]
    assert {vector["wantErr"] for vector in vectors} == {True, False}


def test_every_proof_of_small_trees_holds_in_the_browser_and_of_one_size_more_does_not(site, tab):
    leaves = [merkle.leaf_hash(bytes([at])) for at in range(34)]
    vectors = []
    for size in range(1, len(leaves)):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, lambda start, end: merkle.root(leaves[start:end]))
            hashes = {"leafHash": _text(leaves[index]), "proof": [_text(value) for value in proof]}
            vector = {"leafIdx": index, "treeSize": size, "root": _text(merkle.root(leaves[:size])), **hashes}
            vectors += [vector, vector | {"root": _text(merkle.root(leaves[: size + 1]))}]
    tab.go("/proof")
    assert inclusion(tab, vectors) == [True, False] * (len(vectors) // 2)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def test_a_true_certificate_holds_in_every_step(who, batch, site, tab):
    retirement = retire(who, batch)
    pay_in(who, who.buyer, 100)
    sequence_log()
    state, checks = verdict(tab, f"/retirements/{retirement.public_id}/check")
    assert (state, checks) == ("holds", dict.fromkeys(ALL, "holds"))
    assert "It holds." in tab.evaluate(SHOWN)
    assert tab.complaints == []
    said = json.loads(tab.evaluate("document.querySelector('[data-entry=\"0\"] pre').textContent"))
    assert said["body"]["beneficiary"] == "榕江公司"


def flip_byte(evidence):
    entry = bytearray(base64.b64decode(evidence["proofs"][0]["entry"]))
    entry[entry.index(b'"quantity_t":') + 13] ^= 1
    evidence["proofs"][0]["entry"] = base64.b64encode(entry).decode()


def break_json(evidence):
    evidence["proofs"][0]["entry"] = base64.b64encode(b'{"body": \xff').decode()


def cut_path(evidence):
    evidence["proofs"][0]["hashes"].pop()


def lengthen_path(evidence):
    evidence["proofs"][0]["hashes"].append(evidence["proofs"][0]["hashes"][0])


def move_place(evidence):
    evidence["proofs"][0]["index"] -= 1


def other_root(evidence):
    origin, size, _root, *rest = evidence["checkpoint"].split("\n")
    evidence["checkpoint"] = "\n".join([origin, size, base64.b64encode(bytes(32)).decode(), *rest])


def other_size(evidence):
    origin, size, *rest = evidence["checkpoint"].split("\n")
    evidence["checkpoint"] = "\n".join([origin, str(int(size) + 1), *rest])


def other_signature(evidence):
    head, signature = evidence["checkpoint"].rstrip("\n").rsplit(" ", 1)
    raw = bytearray(base64.b64decode(signature))
    raw[-1] ^= 1
    evidence["checkpoint"] = f"{head} {base64.b64encode(raw).decode()}\n"


def other_key(evidence):
    name, key_id, key = evidence["vkey"].split("+", 2)
    raw = bytearray(base64.b64decode(key))
    raw[-1] ^= 1
    evidence["vkey"] = f"{name}+{key_id}+{base64.b64encode(raw).decode()}"


def no_signature(evidence):
    evidence["checkpoint"] = evidence["checkpoint"].replace("\n\n", "\n")


def swap_records(evidence):
    evidence["proofs"].reverse()


def test_what_is_not_so_is_named_by_the_step_that_finds_it(who, batch, site, tab):
    retirement = retire(who, batch)
    other = retire(who, batch, quantity_t=8)
    pay_in(who, who.buyer, 100)
    sequence_log()
    with build_opener(ProxyHandler({})).open(f"{site}/api/v1/retirements/{other.public_id}/evidence") as answer:
        of_other = json.load(answer)

    def other_retirement(evidence):
        evidence["proofs"] = of_other["proofs"]

    changes = {
        flip_byte: {"entry", "path", "claims"},
        break_json: {"entry", "path", "claims"},
        cut_path: {"path"},
        lengthen_path: {"path"},
        move_place: {"path"},
        other_root: {"path", "path2", "signature"},
        # As long a path leads to a tree of one record more: it is the signature that tells.
        other_size: {"signature"},
        other_signature: {"signature"},
        other_key: {"signature"},
        no_signature: {"path", "path2", "signature"},
        swap_records: {"claims", "serials"},
        other_retirement: {"claims", "serials"},
    }
    at_hand = []

    def change(_url, body):
        evidence = json.loads(body)
        at_hand[-1](evidence)
        return json.dumps(evidence).encode()

    tab.change("**/evidence", change)
    for tamper, broken in changes.items():
        at_hand.append(tamper)
        state, checks = verdict(tab, f"/retirements/{retirement.public_id}/check")
        assert state == "broken", tamper
        assert {name for name, state in checks.items() if state == "broken"} == broken, tamper
        assert {name for name, state in checks.items() if state == "holds"} == set(ALL) - broken, tamper
    assert "It does not hold." in tab.evaluate(SHOWN)


def test_more_runs_than_a_record_spells_out_are_checked_by_their_hash(who, site, tab):
    batch = issue_to_cooperative(who, 2 * RUNS)
    giver, *receivers = (
        open_account(organisation=one.organisation, asset=batch.asset).pk
        for one in (who.cooperative, who.buyer, who.other_buyer)
    )
    with transaction.atomic():
        for at in range(2 * RUNS):
            leg = Leg(giver, receivers[at % 2], 1)
            post_transactions([Posting("transfer", [leg], "system", timezone.now())])
    retirement = retire_credits(
        actor=who.buyer, batch_id=batch.pk, quantity_t=RUNS, beneficiary_name="榕江公司", purpose="event"
    )
    sequence_log()
    assert len(retirement.serials) == RUNS
    state, checks = verdict(tab, f"/retirements/{retirement.public_id}/check")
    assert (state, checks) == ("holds", dict.fromkeys(ALL, "holds"))
    said = json.loads(tab.evaluate("document.querySelector('[data-entry=\"1\"] pre').textContent"))
    assert "serials_sha256" in said["body"]["transfers"][0]


def test_a_record_that_waits_is_asked_for_again_until_it_has_its_place(who, batch, site, tab):
    sequence_log()
    retirement = retire(who, batch)
    tab.go(f"/retirements/{retirement.public_id}/check")
    tab.wait_for(f"{STATE} === 'waiting'")
    assert "no place in the log yet" in tab.evaluate(SHOWN)
    sequence_log()
    tab.wait_for(f"{STATE} === 'holds'")


def test_evidence_that_does_not_come_or_cannot_be_read_checks_nothing(who, batch, site, tab):
    retirement = retire(who, batch)
    sequence_log()
    tab.change("**/evidence", lambda _url, _body: b"<html>")
    state, checks = verdict(tab, f"/retirements/{retirement.public_id}/check")
    assert (state, set(checks.values())) == ("failed", {None})


def test_a_hidden_beneficiary_is_checked_by_hash_alone_but_for_its_organisation(who, batch, site, tab):
    retirement = retire(who, batch, beneficiary_name="隐名公司", is_beneficiary_public=False)
    sequence_log()
    address = f"/retirements/{retirement.public_id}/check"
    state, checks = verdict(tab, address)
    hidden = dict.fromkeys(("entry", "entry2", "claims", "serials"), "open")
    assert (state, checks) == ("partly", hidden | dict.fromkeys(("path", "path2", "signature"), "holds"))
    assert "隐名公司" not in tab.evaluate("document.documentElement.outerHTML")
    tab.be(who.cooperative)
    assert verdict(tab, address) == ("holds", dict.fromkeys(ALL, "holds"))
    assert "隐名公司" in tab.evaluate("document.querySelector('[data-claim=beneficiary]').innerText")


def test_any_record_is_checked_by_hash_and_read_by_auditors(who, batch, site, tab):
    sequence_log()
    record = Record.objects.get(kind="transaction_posted")
    address = f"/proof/records/{record.pk}"
    assert verdict(tab, address) == ("partly", {"entry": "open", "path": "holds", "signature": "holds"})
    tab.be(who.auditor)
    assert verdict(tab, address) == ("holds", {"entry": "holds", "path": "holds", "signature": "holds"})
    said = tab.evaluate("document.querySelector('[data-entry=\"0\"] pre').textContent")
    assert json.loads(said) == json.loads(bytes(record.entry))


def test_a_browser_without_ed25519_says_that_the_signature_was_not_checked(who, batch, site, tab):
    retirement = retire(who, batch)
    sequence_log()
    tab.page.add_init_script(
        "crypto.subtle.importKey = () => Promise.reject(new DOMException('no Ed25519', 'NotSupportedError'))"
    )
    state, checks = verdict(tab, f"/retirements/{retirement.public_id}/check")
    assert (state, checks) == ("partly", dict.fromkeys(ALL, "holds") | {"signature": "open"})
    assert "this browser has no Ed25519" in tab.evaluate("document.querySelector('[data-check=signature]').innerText")


def test_a_page_that_did_not_come_safely_says_that_nothing_was_checked(who, batch, browser, monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "127.0.0.1,plain.example")
    retirement = retire(who, batch)
    sequence_log()
    with running("web") as (_processes, environment):
        port = environment["WEB_PORT"]
        wait_until_there(f"http://127.0.0.1:{port}/trace")
        with reading(browser, f"http://plain.example:{port}") as tab:
            state, checks = verdict(tab, f"/retirements/{retirement.public_id}/check")
            assert (state, set(checks.values())) == ("insecure", {None})
            assert "only on pages that came over https" in tab.evaluate(SHOWN)
