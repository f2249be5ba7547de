"""One season over HTTP, from a new cooperative to the proof that the log only grew.

Each step is a method: its docstring is its line in the report, and it returns the figures for it. Names and land are new each
time, so that a season can be driven on the same product again.
"""

import base64
import datetime as dt
import json
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from ledger.parties.credit_codes import check_character
from ledger.transparency import merkle
from ledger.transparency.notes import NoteError, Verifier, parse_checkpoint
from ledger.transparency.verification import verify_log
from trading.demo.client import Client, Refused
from trading.demo.pilot import pilot, practices
from trading.execution.reconciliation import reconcile

PEOPLE = ("registrar", "registrar2", "treasurer", "treasurer2", "verifier", "buyer", "trader", "auditor")
PAGES = ("/", "/markets", "/projects", "/retirements", "/proof", "/login", "/admin/login/", "/api/docs/")
WAIT_SECONDS = 30.0
VERIFY_SECONDS = 120.0
DAYS = {"early": 112, "late": 112}
PRICE_FEN = 4_000
OFFERED_T, BOUGHT_T, RETIRED_T = 100, 30, 10
# What of the report is issued later than the rest.
LATER_T = 20
PAID_IN_FEN = 1_000_000


def made_up_credit_code() -> str:
    """Return a code as organisations have them, of a number that nobody has registered."""
    code = f"93350627MA{random.randrange(10**7):07d}"
    return code + check_character(code)


class StepFailed(Exception):
    """A step of the season did not come out as it must."""


@dataclass(slots=True)
class Season:
    """A season under way: who takes part, and what it has made so far."""

    visitor: Client
    password: str
    mark: str = field(default_factory=lambda: secrets.token_hex(4))
    people: dict[str, Client] = field(default_factory=dict)
    log_before: dict[str, Any] = field(default_factory=dict)
    project: str = ""
    batch: str = ""
    offer: int = 0
    retirement: str = ""

    def look_around(self) -> str:
        """A visitor sees the public pages, the desk's log-in and the API's description"""
        for path in PAGES:
            self.visitor.page(path)
        return f"{len(PAGES)} pages"

    def log_in(self) -> str:
        """The demo's people log in and get tokens"""
        self.log_before = self.visitor.get("/log")
        for username in PEOPLE:
            self.people[username] = self.visitor.log_in(username, self.password)
        return ", ".join(PEOPLE)

    def found_cooperative(self) -> str:
        """A new cooperative applies, and the operator approves it"""
        username, name = f"coop-{self.mark}", f"新禾合作社 {self.mark}"
        password = secrets.token_urlsafe(12)
        self.visitor.post("/users", username=username, password=password, display_name="新禾")
        self.people["cooperative"] = self.visitor.log_in(username, password)
        applied = self._as("cooperative").post(
            "/organisations", kind="cooperative", name=name, credit_code=made_up_credit_code()
        )
        _refused(403, lambda: self._draft_project())
        self._as("registrar").post(f"/organisations/{applied['id']}/approve")
        organisation = self._as("cooperative").get("/me")["organisation"]
        _expect(organisation["status"] == "approved", f"the organisation is {organisation['status']}")
        return name

    def register_project(self) -> str:
        """It registers a project with a field, which the verifier takes on and validates"""
        self.project = self._draft_project()["code"]
        path = f"/projects/{self.project}"
        template = pilot()["projects"]["pilot"]
        self._as("cooperative").post(
            f"{path}/parcels", code="F-1", name="新田", geometry=_new_field(), practices=practices(template, DAYS)
        )
        _refused(422, lambda: self._as("cooperative").post(f"{path}/submit"))
        self._as("cooperative").post(f"{path}/describe", county_code="350627", is_listed_elsewhere=False)
        self._as("cooperative").post(
            f"{path}/baseline", evidence="演示：水利站记录。 / Demo: records of the water station."
        )
        self._as("cooperative").post(f"{path}/submit")
        _refused(409, lambda: self._as("verifier").post(f"{path}/validate", statement="Too early."))
        self._as("verifier").post(f"{path}/accept")
        self._as("verifier").post(f"{path}/validate", statement="Fields and baseline were checked.")
        self._as("registrar").post(f"{path}/register")
        seen = self.visitor.get(path)
        _expect(seen["status"] == "registered", f"the project is {seen['status']}")
        return f"{self.project}, {seen['total_area_ha']} ha, {seen['forecast']['result']['net_t']} t a year expected"

    def issue(self) -> str:
        """Its year is reported, verified with a finding, approved by a second person, and issued in two parts"""
        draft = self._as("cooperative").post(f"/projects/{self.project}/reports", vintage=_last_year())
        path = f"/reports/{draft['id']}"
        _refused(404, lambda: self._as("verifier").get(path))
        previewed_t = self._as("cooperative").get(f"{path}/preview")["sheet"]["result"]["net_t"]
        verifier = self._as("verifier").get("/me")["organisation"]["id"]
        report = self._as("cooperative").post(f"{path}/submit", verifier=verifier)
        _expect(report["net_t"] == previewed_t, "the report comes to another result than was previewed")
        self._verify(path)
        _refused(409, lambda: self._as("registrar").post(f"{path}/issue"))
        self._as("registrar").post(f"{path}/approve")
        _refused(422, lambda: self._as("registrar2").post(f"{path}/issue", quantity_t=report["net_t"] + 1))
        first = self._as("registrar2").post(f"{path}/issue", quantity_t=report["net_t"] - LATER_T)
        rest = self._as("registrar2").post(f"{path}/issue")
        _refused(409, lambda: self._as("registrar2").post(f"{path}/issue"))
        self.batch = first["code"]
        _expect(rest["code"] == f"{self.batch}-2", f"the second part is called {rest['code']}")
        _expect(first["quantity_t"] + rest["quantity_t"] == report["net_t"], "other tonnes were issued than reported")
        return (
            f"{self.batch}: {first['quantity_t']} t and {rest['quantity_t']} t, "
            f"serial numbers {first['first_serial']} to {rest['last_serial']}"
        )

    def _verify(self, path: str) -> None:
        """Let the verifier accept the report, open a finding, close it once it is answered, and sign the report off."""
        _refused(409, lambda: self._as("verifier").post(f"{path}/verify", statement="Too early."))
        self._as("verifier").post(f"{path}/accept")
        text = "Which station measured the water?"
        finding = self._as("verifier").post(f"{path}/findings", kind="clarification", text=text)
        _refused(409, lambda: self._as("verifier").post(f"{path}/verify", statement="Too early."))
        self._as("cooperative").post(f"/findings/{finding['id']}/answer", answer="The one at the upper weir.")
        self._as("verifier").post(f"/findings/{finding['id']}/close", note="It was seen there.")
        self._as("verifier").post(f"{path}/verify", statement="The calculation was done again.")

    def open_market(self) -> str:
        """A market is opened for the credits"""
        market = self._as("registrar").post(
            "/markets",
            asset=self.batch,
            symbol=self.batch,
            reference_price_fen=PRICE_FEN,
            maker_fee_bps=5,
            taker_fee_bps=15,
        )
        band = market["band"]
        return f"orders from {_yuan(band['lowest_price_fen'])} to {_yuan(band['highest_price_fen'])} a tonne"

    def pay_in(self) -> str:
        """A treasurer enters what a buyer has paid, and a second one confirms it"""
        before_fen = self._available("buyer", "CNY")
        buyer = self._as("buyer").get("/me")["organisation"]
        payment = self._as("treasurer").post(
            "/payments/deposits", organisation=buyer["id"], amount_fen=PAID_IN_FEN, bank_reference=f"CHECK-{self.mark}"
        )
        path = f"/payments/{payment['id']}/confirm"
        _refused(409, lambda: self._as("treasurer").post(path))
        self._as("treasurer2").post(path)
        _expect(self._available("buyer", "CNY") == before_fen + PAID_IN_FEN, "the money did not arrive")
        return _yuan(PAID_IN_FEN)

    def trade(self) -> str:
        """Two limit orders meet, and the larger one is filled in part"""
        issued_t = self._available("cooperative", self.batch)
        _refused(409, lambda: self._order("cooperative", "too-much", "sell", PRICE_FEN, issued_t + 1))
        _refused(422, lambda: self._order("buyer", "too-dear", "buy", PRICE_FEN * 2, BOUGHT_T))
        self.offer = self._order("cooperative", "offer", "sell", PRICE_FEN, OFFERED_T)["id"]
        bid = self._order("buyer", "bid", "buy", PRICE_FEN + 5, BOUGHT_T)["id"]
        again = self._order("buyer", "bid", "buy", PRICE_FEN + 5, BOUGHT_T)
        _expect(again["id"] == bid, "a repeated request entered a second order")
        self._wait_for("buyer", bid, "filled")
        offer = self._wait_for("cooperative", self.offer, "partially_filled")
        _expect(offer["remaining_t"] == OFFERED_T - BOUGHT_T, f"{offer['remaining_t']} t remain of the offer")
        (trade,) = self.visitor.get(f"/markets/{self.batch}/trades")["results"]
        found = trade["price_fen"], trade["quantity_t"]
        _expect(found == (PRICE_FEN, BOUGHT_T), f"the trade is {found}")
        return f"{BOUGHT_T} t at {_yuan(PRICE_FEN)}, {offer['remaining_t']} t still offered"

    def settle(self) -> str:
        """Credits and money have changed hands in one transaction"""
        (sale,) = self._as("cooperative").get("/trades")["results"]
        paid_fen = sale["value_fen"] - sale["fee_fen"]
        _expect(self._available("cooperative", "CNY") == paid_fen, "the cooperative has other money than its sale")
        _expect(self._available("buyer", self.batch) == BOUGHT_T, "the buyer has other credits than it bought")
        _expect(
            self._account("cooperative", self.batch)["held"] == OFFERED_T - BOUGHT_T, "the offer holds other tonnes"
        )
        return f"{_yuan(paid_fen)} to the cooperative after a fee of {_yuan(sale['fee_fen'])}"

    def cancel(self) -> str:
        """Orders are cancelled, and what they held is free again"""
        before_fen = self._available("trader", "CNY")
        bid = self._order("trader", "low-bid", "buy", PRICE_FEN - 100, BOUGHT_T)["id"]
        self._wait_for("trader", bid, "new")
        _expect(self._available("trader", "CNY") < before_fen, "the bid holds no money")
        for name, order in (("trader", bid), ("cooperative", self.offer)):
            self._as(name).post(f"/orders/{order}/cancel")
            self._wait_for(name, order, "canceled")
        _expect(self._available("trader", "CNY") == before_fen, "the bid's money is not free again")
        _expect(self._account("cooperative", self.batch)["held"] == 0, "the offer's tonnes are not free again")
        book = self.visitor.get(f"/markets/{self.batch}/book")
        _expect(not book["bids"] and not book["asks"], "the book is not empty")
        return f"{OFFERED_T - BOUGHT_T} t and {_yuan((PRICE_FEN - 100) * BOUGHT_T)} of bids"

    def retire(self) -> str:
        """The buyer retires some of it, once, and anybody sees the certificate"""
        key = {"Idempotency-Key": f"check-{self.mark}"}
        wanted = {"batch": self.batch, "quantity_t": RETIRED_T, "beneficiary_name": "海屿纸业", "purpose": "product"}
        first, second = (self._as("buyer").post("/retirements", headers=key, **wanted) for _ in range(2))
        _expect(first["id"] == second["id"], "a repeated request retired twice")
        self.retirement = first["id"]
        _expect(
            self.visitor.get(f"/retirements/{self.retirement}")["quantity_t"] == RETIRED_T, "other tonnes are shown"
        )
        supply = self.visitor.get(f"/batches/{self.batch}")["supply"]
        _expect(supply["retired"] == RETIRED_T, f"{supply['retired']} t are retired")
        _expect(supply["issued"] == supply["held"] + supply["buffer"] + RETIRED_T, "the supply does not add up")
        return f"{RETIRED_T} t, certificate {self.retirement}"

    def read_pages(self) -> str:
        """The pages of the project, the market, the batch and the certificate show it"""
        pages = {
            f"/projects/{self.project}": self.project,
            f"/markets/{self.batch}": self.batch,
            f"/credits/{self.batch}": self.batch,
            f"/retirements/{self.retirement}": self.batch,
        }
        for path, text in pages.items():
            _expect(text in self.visitor.page(path), f"{path} does not name {text}")
        return ", ".join(pages)

    def prove(self) -> str:
        """Every record of it is in the log, whose signed states prove that it only grew"""
        _until(lambda: self.visitor.get("/log")["waiting"] == 0, "records still wait for their place in the log")
        log = self.visitor.get("/log")
        before, after = self.log_before["tree_size"], log["tree_size"]
        proof = self.visitor.get("/log/consistency", first=before, second=after)
        hashes, old_root, new_root = (
            [base64.b64decode(each) for each in proof["hashes"]],
            base64.b64decode(self.log_before["root_hash"]),
            base64.b64decode(log["root_hash"]),
        )
        try:
            merkle.verify_consistency(before, after, hashes, old_root, new_root)
            signed = parse_checkpoint(Verifier(log["vkey"]).verify(self.visitor.page("/log/checkpoint")))
        except (merkle.ProofError, NoteError) as error:
            raise StepFailed(str(error)) from error
        _expect((signed.size, signed.root) == (after, new_root), "the checkpoint is of another state")
        return f"from {before} to {after} records, consistency in {len(hashes)} hashes"

    def verify_as_auditor(self) -> str:
        """The auditor's own program reads the log over HTTP, rebuilds it, and replays every transaction"""
        auditor, vkey = self._as("auditor"), self.visitor.get("/log")["vkey"]
        with tempfile.TemporaryDirectory() as folder:
            token = Path(folder, "token")
            token.touch(mode=0o600)
            token.write_text(auditor.token, encoding="utf-8")
            words = [f"{auditor.base_url}/log", "--key", vkey, "--token-file", str(token), "--json"]
            found = subprocess.run(
                [sys.executable, "-m", "ledger.transparency", "verify", *words],
                cwd=settings.BASE_DIR,
                capture_output=True,
                text=True,
                timeout=VERIFY_SECONDS,
                check=False,
            )
        _expect(found.returncode == 0, found.stderr.strip() or found.stdout[:500])
        report = json.loads(found.stdout)
        return f"{report['size']} records, {sum(report['transactions'].values())} transactions"

    def _as(self, name: str) -> Client:
        return self.people[name]

    def _draft_project(self) -> Any:
        return self._as("cooperative").post(
            "/projects",
            name=f"新禾稻田 {self.mark}",
            place="演示",
            province_code="35",
            methodology="rice-water-1",
            settings=pilot()["projects"]["pilot"]["settings"],
            crediting_starts_on=f"{_last_year()}-01-01",
            crediting_ends_on=f"{_last_year() + 9}-12-31",
            illustrative="全部为演示数据。 / All of it is made up.",
        )

    def _order(self, name: str, order: str, side: str, price_fen: int, quantity_t: int) -> Any:
        return self._as(name).post(
            "/orders",
            market=self.batch,
            client_order_id=f"{self.mark}-{order}",
            side=side,
            price_fen=price_fen,
            quantity_t=quantity_t,
        )

    def _wait_for(self, name: str, order: int, status: str) -> Any:
        def read() -> Any:
            return self._as(name).get(f"/orders/{order}")

        _until(lambda: read()["status"] == status, f"the order of {name} is not {status}")
        return read()

    def _account(self, name: str, asset: str) -> Any:
        accounts = self._as(name).get("/accounts", page_size=500)["results"]
        return next((account for account in accounts if account["asset"] == asset), {"available": 0, "held": 0})

    def _available(self, name: str, asset: str) -> int:
        return int(self._account(name, asset)["available"])


def steps(season: Season) -> list[tuple[str, Callable[[], str]]]:
    """Return each step's line in the report, and what takes the step and returns its figures.

    A step raises: StepFailed, Refused, OSError.
    """
    taken = (
        season.look_around,
        season.log_in,
        season.found_cooperative,
        season.register_project,
        season.issue,
        season.open_market,
        season.pay_in,
        season.trade,
        season.settle,
        season.cancel,
        season.retire,
        season.read_pages,
        season.prove,
        season.verify_as_auditor,
        check_books,
        check_log,
    )
    return [(str(step.__doc__), step) for step in taken]


def check_books() -> str:
    """The books obey every invariant"""
    results = reconcile()
    broken = [f"{result.number} {result.name}: {result.detail}" for result in results if not result.holds]
    _expect(not broken, "; ".join(broken))
    return f"{len(results)} checks"


def check_log() -> str:
    """The log, rebuilt from its records, has every signed root"""
    found = verify_log()
    _expect(not found.difference, found.difference)
    return f"{found.size} records"


def _expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise StepFailed(otherwise)


def _refused(status: int, call: Callable[[], object]) -> None:
    try:
        call()
    except Refused as refusal:
        if refusal.status != status:
            raise
        return
    raise StepFailed(f"what must be refused with {status} was done")


def _until(is_so: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        _expect(time.monotonic() < deadline, f"after {WAIT_SECONDS:.0f} s {otherwise}")
        time.sleep(0.1)


def _last_year() -> int:
    # What is reported must be over; the day turns in China first.
    return (dt.datetime.now(dt.UTC) + dt.timedelta(hours=8)).year - 1


def _new_field() -> dict[str, Any]:
    """Return a field of about 100 ha where there was none before: somewhere inland, to within 10 m."""
    west, south = round(random.uniform(100, 115), 4), round(random.uniform(25, 33), 4)
    east, north = round(west + 0.01, 4), round(south + 0.009, 4)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _yuan(amount_fen: int) -> str:
    return f"{amount_fen / 100:,.2f} yuan"
