"""What is wrong with a log: said in words, the first thing in full, the others counted."""

from dataclasses import dataclass, field

MAX_KEPT = 100


class Fault(Exception):
    """A record says what cannot be: the sentence goes on after the record's name."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and with which record, where it is one record's fault."""

    problem: str
    index: int | None = None
    record_id: int | None = None
    kind: str | None = None

    def __str__(self) -> str:
        if self.index is None:
            return self.problem
        record = f", id {self.record_id}, {self.kind}" if self.record_id is not None else ""
        return f"Record {self.index}{record}: {self.problem}"


@dataclass(slots=True)
class Findings:
    """The findings about a log. Those about records come first, since they say where it is; what is missing after a record next."""

    total: int = 0
    of_log: list[Finding] = field(default_factory=list)
    of_records: list[Finding] = field(default_factory=list)
    omissions: list[Finding] = field(default_factory=list)

    def about_log(self, problem: str) -> None:
        """Note what is wrong with a file, a signature or the log as a whole."""
        self._keep(self.of_log, Finding(problem))

    def about_record(self, problem: str, index: int, record_id: int | None = None, kind: str | None = None) -> None:
        """Note what is wrong with a record."""
        self._keep(self.of_records, Finding(problem, index, record_id, kind))

    def omission(self, problem: str, index: int, record_id: int, kind: str) -> None:
        """Note a record that something should have followed."""
        self._keep(self.omissions, Finding(problem, index, record_id, kind))

    def in_order(self) -> list[Finding]:
        """Return what was found, the first thing first."""
        return [*self.of_records, *self.omissions, *self.of_log]

    def _keep(self, findings: list[Finding], finding: Finding) -> None:
        self.total += 1
        if len(findings) < MAX_KEPT:
            findings.append(finding)
