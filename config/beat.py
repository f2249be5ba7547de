"""Beat, on machines whose clock may be set back."""

from typing import Any

from celery.beat import PersistentScheduler

from config.operations.deploy import pulse


class SteadyScheduler(PersistentScheduler):
    """Celery's own scheduler, but that a clock set back does not put it to sleep.

    That one waits until a second after the last run, by the clock: set back by an hour, no market would be swept and no
    record come into the log for an hour. What was last done in the future is here taken as done now.
    """

    _is_ready = False

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due, and return how many seconds are left until the next is."""
        is_set_back = False
        for entry in self.schedule.values():
            if entry.last_run_at is not None and entry.last_run_at > entry.default_now():
                entry.last_run_at = entry.default_now()
                is_set_back = True
        if is_set_back:
            self.populate_heap()
        if not self._is_ready:
            self._is_ready = True
            pulse.say_ready()
        pulse.touch_at_work()
        seconds: float = super().tick(*args, **kwargs)
        return seconds
