"""A witness: whoever is not the operator, and signs what the log shows only where it agrees with what it showed before.

Knows no framework and no database; another organisation runs it. Source: C2SP tlog-witness, tlog-cosignature.
"""

from ledger.transparency.witness.core import Refusal, Submission, Witness, decode_submission, encode_submission
from ledger.transparency.witness.state import StateError, StateFolder

__all__ = [
    "Refusal",
    "StateError",
    "StateFolder",
    "Submission",
    "Witness",
    "decode_submission",
    "encode_submission",
]
