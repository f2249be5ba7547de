"""Part an amount exactly: the largest remainder method (Hamilton), in whole numbers."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Claim(NamedTuple):
    """Somebody's weight, and the name by which ties are decided: the lower one goes first."""

    name: tuple[str, int]
    weight: int


def apportion(amount: int, claims: Sequence[Claim]) -> list[int]:
    """Return each claim's part of an amount, in the order of the claims; together they are the amount.

    Rounding: each part is its exact quota rounded down, and what is left goes, one each, to the largest remainders; among
    equal ones to the lowest names. So it does not matter in which order claims come, each part is less than one away from
    its quota, whoever weighs more never gets less, and who weighs nothing gets nothing.

    Raises: ValueError for a negative amount or weight, or where nobody weighs anything.
    """
    total = sum(claim.weight for claim in claims)
    if amount < 0 or total <= 0 or any(claim.weight < 0 for claim in claims):
        raise ValueError("an amount is parted among weights of which one at least is more than nothing")
    parts, remainders = [], []
    for claim in claims:
        part, remainder = divmod(amount * claim.weight, total)
        parts.append(part)
        remainders.append(remainder)
    by_remainder = sorted(range(len(claims)), key=lambda at: (-remainders[at], claims[at].name))
    for at in by_remainder[: amount - sum(parts)]:
        parts[at] += 1
    return parts


def mixed(parts: Iterable[tuple[int, Sequence[int]]]) -> list[int]:
    """Return one weight each, in which several kinds of weights count for so much each, exactly.

    A kind of which nobody has anything is left out, and the others count for its part, too.
    """
    kinds = [(share, weights, sum(weights)) for share, weights in parts if share and sum(weights)]
    if not kinds:
        return []
    everything = 1
    for _share, _weights, total in kinds:
        everything *= total
    return [
        sum(share * weight * (everything // total) for share, weight, total in row)
        for row in zip(
            *([(share, weight, total) for weight in weights] for share, weights, total in kinds), strict=True
        )
    ]
