"""How likely it is that carbon in the soil is lost again, scored in the manner of Verra's non-permanence risk tool.

Pick-lists with their scores are in risk_factors.csv, each with its source. A score is a percent of the tonnes that goes to
the buffer pool.
"""

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from importlib import resources
from typing import Any

from django.utils.translation import gettext as _

from ledger.errors import InvalidValue
from ledger.quantification import METHODOLOGIES

LEAST_PERCENT = 10
MOST_PERCENT = 60
MOST_OF = {"internal": 35, "external": 20, "natural": 35}
# Which groups may lower the sum of the others: good management does, the rest only makes up for what is bad in it.
MAY_BE_NEGATIVE = frozenset({"management"})
# What can befall a field; each is told by how much it takes, how often it comes, and what is done against it.
PERILS = ("fire", "flood", "drought", "pests")
NO_PERIL = "none"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RiskFactor:
    """A question with its pick-list: each option's score, None where it rules the project out."""

    category: str
    group: str
    name: str
    options: Mapping[str, Decimal | None]
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RiskScore:
    """What an assessment comes to. Units: percent."""

    internal: Decimal
    external: Decimal
    natural: Decimal
    risk_percent: int


def is_reversible(methodology: str) -> bool:
    """Return whether what a methodology counts can be lost again: carbon in the soil can, avoided methane cannot."""
    return methodology in METHODOLOGIES and METHODOLOGIES[methodology].is_reversible


@functools.cache
def risk_factors() -> dict[str, RiskFactor]:
    """Return every factor of the tables by its name."""
    found: dict[str, RiskFactor] = {}
    text = (resources.files(__package__) / "risk_factors.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        factor = found.setdefault(
            row["factor"], RiskFactor(row["category"], row["group"], row["factor"], options={}, sources={})
        )
        score = None if row["score"] == REFUSED else Decimal(row["score"])
        factor.options[row["option"]] = score  # type: ignore[index]
        factor.sources[row["option"]] = row["source"]  # type: ignore[index]
    return found


def questions() -> list[RiskFactor]:
    """Return the factors that are asked about by one pick-list each: those of internal and external risks."""
    return [factor for factor in risk_factors().values() if factor.category != "natural"]


def score_risk(answers: Any) -> RiskScore:
    """Return what answers come to: for each question an option, for each peril `none` or how bad, how often, what is done.

    Rounding: up to whole percent, and at least the minimum.
    Raises: InvalidValue for an answer that is missing or unknown, and where the risk is larger than can be insured.
    """
    if not isinstance(answers, Mapping):
        raise InvalidValue(field="answers", reason=_("This must be an object of texts and numbers."))
    asked = {factor.name for factor in questions()} | set(PERILS)
    if unknown := sorted(str(name) for name in set(answers) - asked):
        raise InvalidValue(field=f"answers.{unknown[0][:60]}", reason=_("There is no such question."))
    scores = {category: _sum_of(category, answers) for category in ("internal", "external")}
    scores["natural"] = sum((_peril_score(peril, answers.get(peril)) for peril in PERILS), Decimal(0))
    for category, most in MOST_OF.items():
        if scores[category] > most:
            raise _too_much(scores[category], most)
    total = sum(scores.values(), Decimal(0))
    if total > MOST_PERCENT:
        raise _too_much(total, MOST_PERCENT)
    percent = max(int(total.to_integral_value(ROUND_CEILING)), LEAST_PERCENT)
    return RiskScore(scores["internal"], scores["external"], scores["natural"], percent)


def _sum_of(category: str, answers: Mapping[str, Any]) -> Decimal:
    groups: dict[str, Decimal] = {}
    for factor in questions():
        if factor.category == category:
            score = _score(factor, answers.get(factor.name), factor.name)
            groups[factor.group] = groups.get(factor.group, Decimal(0)) + score
    counted = (score if group in MAY_BE_NEGATIVE else max(score, Decimal(0)) for group, score in groups.items())
    return max(sum(counted, Decimal(0)), Decimal(0))


def _peril_score(peril: str, answer: Any) -> Decimal:
    if answer == NO_PERIL:
        return Decimal(0)
    if not isinstance(answer, Mapping) or set(answer) != {"significance", "likelihood", "mitigation"}:
        reason = _("Say how much it takes, how often it comes and what is done against it, or none.")
        raise InvalidValue(field=f"answers.{peril}", reason=reason)
    factors = risk_factors()
    told = f"{answer['significance']} {answer['likelihood']}"
    score = _score(factors["significance_likelihood"], told, peril)
    return score * _score(factors["mitigation"], answer["mitigation"], peril)


def _score(factor: RiskFactor, option: Any, field: str) -> Decimal:
    if not isinstance(option, str) or option not in factor.options:
        raise InvalidValue(field=f"answers.{field}", reason=_("Choose an answer from the list."))
    score = factor.options[option]
    if score is None:
        reason = _("With this the risk is too large: the project cannot be credited under this methodology.")
        raise InvalidValue(field=f"answers.{field}", reason=reason)
    return score


def _too_much(score: Decimal, most: int) -> InvalidValue:
    reason = _(
        "The risk comes to %(score)s, more than %(most)s: the project cannot be credited under this methodology."
    )
    return InvalidValue(field="answers", reason=reason % {"score": f"{score.normalize():f}", "most": most})
