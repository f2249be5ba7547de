"""A scene in which everything happens that there are tables for, in every state in which a row can be."""

from ledger.transparency.sequencer import sequence_log
from tests.everything.credits import hand_on_and_lose
from tests.everything.exchange import agree, trade, watch_and_review
from tests.everything.money import bank, share
from tests.everything.parties import meet
from tests.everything.projects import keep_diary, register
from tests.scenes import People


def let_everything_happen(who: People) -> None:
    """Bring everything about, and leave nothing waiting for the log."""
    register(who)
    meet(who)
    keep_diary(who)
    bank(who)
    trade(who)
    watch_and_review(who)
    agree(who)
    share(who)
    hand_on_and_lose(who)
    sequence_log()
