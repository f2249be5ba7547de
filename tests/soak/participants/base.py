"""What all participants have in common: a plan, a line to the product, a lot to draw from, and a pace."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any, ClassVar
from uuid import UUID

from tests.soak.line import Answer, Line, Try

Tell = Callable[[dict[str, Any]], None]
"""Takes what a participant was told: a dict that the oracle reads."""
MIDDLE_FEN = 4_000
"""The reference price of every market of a soak: bands are ±10 % around it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Who somebody is, and what they were given."""

    name: str
    kind: str
    seed: int
    organisation: str = ""
    token: str = ""
    # More of what the kind needs: other tokens, names of others, the log's key.
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the product is, and what all participants of a process share."""

    web_port: int
    stream_port: int
    # Symbols of the markets that are open, the oldest first; a board keeps the list up to date.
    markets: list[str]
    # What was told to the bank: organisations and amounts, to be entered as deposits.
    bank: list[tuple[str, int]]
    note: Callable[[str, Try], None]


class Participant:
    """Does one thing after the other, at its own pace."""

    pause_seconds: ClassVar[float] = 3.0
    # Those of a later round finish when all others have.
    round: int = 0

    def __init__(self, plan: Plan, place: Place, tell: Tell) -> None:
        self.plan, self.place, self._tell = plan, place, tell
        self.lot = random.Random(plan.seed)
        self.line = Line(place.web_port, plan.token, lambda found: place.note(plan.kind, found))

    def live(self, ended: Event) -> None:
        """Do one thing after the other until the end. All begin within one pause of each other."""
        ended.wait(self.lot.uniform(0.0, self.pause_seconds))
        while not ended.is_set():
            self.step()
            ended.wait(self.pause_seconds * self.lot.uniform(0.4, 1.6))

    def step(self) -> None:
        """Do one thing."""
        raise NotImplementedError

    def finish(self) -> None:
        """Leave nothing open."""

    def tell(self, **told: Any) -> None:
        """Write down what the product has said, for the oracle."""
        self._tell({"by": self.plan.name, **told})

    def complain(self, what: str, **more: Any) -> None:
        """Write down something that must not be."""
        self.tell(complaint=f"{self.plan.name} ({self.plan.kind}): {what}", **more)

    def key(self) -> str:
        """Return a key for `Idempotency-Key`."""
        return str(UUID(int=self.lot.getrandbits(128), version=4))

    def get(self, path: str) -> Any:
        """Return what a read is answered with; None where it is refused or never answered."""
        answer = self.line.ask("GET", path)
        return answer.content if answer is not None and answer.status == 200 else None

    def results(self, path: str) -> list[dict[str, Any]]:
        """Return the first page of a list."""
        found = self.get(path)
        return [] if found is None else list(found["results"])


def code_of(answer: Answer) -> str:
    """Return the code of a refusal."""
    return str(answer.content.get("code", "")) if isinstance(answer.content, dict) else ""
