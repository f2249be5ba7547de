"""A key lets something be done once: whoever comes second, at once or later, gets the first one's answer or is told to wait."""

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from ledger.errors import IdempotencyInFlight, IdempotencyKeyReused
from ledger.idempotency import services
from ledger.idempotency.services import Answer, answer_once, sweep_answers
from ledger.models import IdempotentRequest, Organisation, User
from tests.factories import UserFactory
from tests.racing import SECONDS, race

SAME = b"\x01" * 32
OTHER = b"\x02" * 32


def answered(content: bytes = b"{}") -> Answer:
    return Answer(201, content)


def test_what_was_answered_is_answered_again_and_nothing_is_done(db: None) -> None:
    user, done = UserFactory(), []

    def act() -> Answer:
        done.append(1)
        return answered(b'{"id":1}')

    first = answer_once(user=user, key="k", fingerprint=SAME, act=act)
    again = answer_once(user=user, key="k", fingerprint=SAME, act=act)
    assert first == Answer(201, b'{"id":1}')
    assert again == Answer(201, b'{"id":1}', is_replayed=True)
    assert done == [1]


def test_a_key_is_one_persons(db: None) -> None:
    one, other = UserFactory(), UserFactory()
    answer_once(user=one, key="k", fingerprint=SAME, act=lambda: answered(b"1"))
    assert answer_once(user=other, key="k", fingerprint=OTHER, act=lambda: answered(b"2")).content == b"2"


def test_a_key_is_for_one_request(db: None) -> None:
    user = UserFactory()
    answer_once(user=user, key="k", fingerprint=SAME, act=answered)
    with pytest.raises(IdempotencyKeyReused):
        answer_once(user=user, key="k", fingerprint=OTHER, act=answered)


def test_a_refusal_has_changed_nothing_and_is_not_kept(db: None) -> None:
    user = UserFactory()

    def refuse() -> Answer:
        Organisation.objects.create(name="half")
        raise RuntimeError("refused")

    with pytest.raises(RuntimeError):
        answer_once(user=user, key="k", fingerprint=SAME, act=refuse)
    assert not Organisation.objects.filter(name="half").exists()
    assert not answer_once(user=user, key="k", fingerprint=OTHER, act=answered).is_replayed


@pytest.mark.django_db(transaction=True)
def test_the_twin_in_flight_is_told_to_come_again_and_then_gets_the_answer() -> None:
    user: Any = UserFactory()
    begun, may_end = threading.Event(), threading.Event()

    def slow() -> Answer:
        User.objects.filter(pk=user.pk).update(display_name="once")
        begun.set()
        assert may_end.wait(SECONDS)
        return answered(b"first")

    def twin() -> str:
        assert begun.wait(SECONDS)
        try:
            answer_once(user=user, key="k", fingerprint=SAME, act=lambda: answered(b"second"))
        except IdempotencyInFlight as error:
            return str(error.code)
        finally:
            may_end.set()
        return "done twice"

    first, second = race(lambda: answer_once(user=user, key="k", fingerprint=SAME, act=slow), twin)
    assert (first.content, second) == (b"first", "idempotency_in_flight")
    replayed = answer_once(user=user, key="k", fingerprint=SAME, act=lambda: answered(b"third"))
    assert replayed == Answer(201, b"first", is_replayed=True)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_would_have_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the race is there, and the unique key alone would find it only when both had done their work."""
    user: Any = UserFactory()
    monkeypatch.setattr(services, "_lock", lambda user, key: True)
    meet, done = threading.Barrier(2), []

    def act() -> Answer:
        done.append(1)
        meet.wait(SECONDS)
        return answered()

    outcomes = race(*[lambda: answer_once(user=user, key="k", fingerprint=SAME, act=act)] * 2)
    assert len(done) == 2
    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1


@pytest.mark.django_db(transaction=True)
def test_a_process_that_dies_before_the_commit_leaves_neither_change_nor_answer() -> None:
    user: Any = UserFactory()

    class Killed(BaseException):
        pass

    @transaction.atomic
    def die_before_the_commit() -> None:
        answer_once(user=user, key="k", fingerprint=SAME, act=answered)
        raise Killed

    with pytest.raises(Killed):
        die_before_the_commit()
    assert not IdempotentRequest.objects.exists()
    assert not answer_once(user=user, key="k", fingerprint=SAME, act=answered).is_replayed


def test_answers_are_kept_for_two_days(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "DELETED_AT_ONCE", 2)
    user = UserFactory()
    for number in range(6):
        answer_once(user=user, key=str(number), fingerprint=SAME, act=answered)
    old = timezone.now() - services.KEPT - dt.timedelta(seconds=1)
    IdempotentRequest.objects.exclude(key="5").update(created_at=old)
    assert sweep_answers() == 5
    assert sweep_answers() == 0
    assert [kept.key for kept in IdempotentRequest.objects.all()] == ["5"]
