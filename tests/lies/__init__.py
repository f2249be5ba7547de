"""Ways in which an operator could lie in the log, each told over a true log and signed again with the true key.

Each changes the records of a log, and returns the index of the record at which it must be found.
"""

from tests.lies import credits, exchange, journal, sharing
from tests.lies.telling import LIES, Log, Record

__all__ = ["LIES", "Log", "Record", "credits", "exchange", "journal", "sharing"]
