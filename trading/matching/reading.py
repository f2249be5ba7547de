"""Read scenarios: from JSON to what a book is told, with a message that names the place for whatever the format does not have.

Numbers of orders are left as they are: a wrong one is an order that the book rejects, and a scenario may be about just that.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from trading.matching import instructions as told
from trading.matching.checks import SELF_TRADE_MODES, SIDES, TIMES_IN_FORCE, TYPES

Fields = dict[str, Any]
Read = TypeVar("Read")


class ScenarioError(ValueError):
    """A scenario file that says something the book has no word for."""


def read(scenario: Any) -> tuple[told.MarketRules, list[told.Instruction]]:
    """Return a scenario's rules and instructions.

    Raises: ScenarioError.
    """
    if not isinstance(scenario, dict) or not isinstance(scenario.get("commands"), list):
        raise ScenarioError("a scenario is an object with a list of commands")
    if not isinstance(scenario.get("expect", {}), dict):
        raise ScenarioError("expect: an object is needed")
    rules = _at("market", _rules, scenario.get("market", {}))
    return rules, [_at(f"commands[{at}]", _instruction, each) for at, each in enumerate(scenario["commands"])]


def _at(place: str, reader: Callable[[Any], Read], value: Any) -> Read:
    try:
        return reader(value)
    except ScenarioError as error:
        raise ScenarioError(f"{place}: {error} in {value!r}") from None


def _rules(market: Any) -> told.MarketRules:
    if not isinstance(market, dict):
        raise ScenarioError("an object is needed")
    return told.MarketRules(
        tick=_whole_number(market, "tick", usual=1, least=1),
        lot=_whole_number(market, "lot", usual=1, least=1),
        band=_band(market.get("band")),
        reference=_whole_number(market, "reference", usual=0, least=0),
    )


def _whole_number(fields: Fields, name: str, *, usual: int, least: int) -> int:
    value = usual if fields.get(name) is None else fields[name]
    if type(value) is not int or value < least:
        raise ScenarioError(f"{name} is a whole number from {least} on")
    return value


def _band(band: Any) -> tuple[int, int] | None:
    match band:
        case None:
            return None
        case [low, high] if type(low) is type(high) is int and low <= high:
            return low, high
    raise ScenarioError("band is null, or the lowest and the highest price")


def _instruction(command: Any) -> told.Instruction:
    if not isinstance(command, dict):
        raise ScenarioError("a command is an object")
    return _READERS[_one_of(command, "op", _READERS)](command)


def _submit(command: Fields) -> told.Submit:
    return told.Submit(
        order_id=_name(command, "id"),
        owner=_name(command, "owner"),
        side=_one_of(command, "side", SIDES),
        order_type=_one_of(command, "type", TYPES, usual="limit"),
        price=command.get("price"),
        quantity=_present(command, "qty"),
        time_in_force=_one_of(command, "tif", TIMES_IN_FORCE, usual="gtc"),
        post_only=_yes_or_no(command, "post_only"),
        display=command.get("display"),
        self_trade_mode=_one_of(command, "stp", SELF_TRADE_MODES, usual="cancel_newest"),
        protection=command.get("protection"),
    )


def _replace(command: Fields) -> told.Replace:
    return told.Replace(_name(command, "id"), command.get("qty"), command.get("price"))


_READERS: dict[str, Callable[[Fields], told.Instruction]] = {
    "submit": _submit,
    "replace": _replace,
    "cancel": lambda command: told.Cancel(_name(command, "id")),
    "expire": lambda command: told.Expire(_name(command, "id")),
    "halt": lambda command: told.Halt(),
    "resume": lambda command: told.Resume(),
    "auction_open": lambda command: told.AuctionOpen(),
    "auction_uncross": lambda command: told.AuctionUncross(),
    "open": lambda command: told.Open(),
    "close": lambda command: told.Close(),
    "rules": lambda command: told.ChangeRules(_rules(command.get("market"))),
}


def _present(fields: Fields, name: str) -> Any:
    if name not in fields:
        raise ScenarioError(f"{name} is missing")
    return fields[name]


def _name(fields: Fields, name: str) -> str | int:
    value = _present(fields, name)
    if type(value) not in (str, int):
        raise ScenarioError(f"{name} is a text or a whole number")
    return value  # type: ignore[no-any-return]


def _yes_or_no(fields: Fields, name: str) -> bool:
    value = fields.get(name)
    if value is not None and type(value) is not bool:
        raise ScenarioError(f"{name} is true or false")
    return bool(value)


def _one_of(fields: Fields, name: str, words: Any, usual: str | None = None) -> str:
    word = usual if fields.get(name) is None and usual else _present(fields, name)
    if not isinstance(word, str) or word not in words:
        raise ScenarioError(f"{name} is one of {', '.join(sorted(words))}")
    return word
