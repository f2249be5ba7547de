"""Observation's only task."""

from celery import shared_task

from config.operations.observe.pulses import note_pulse


@shared_task
def pulse(queue: str) -> None:
    """Say that this queue is worked on."""
    note_pulse(queue)
