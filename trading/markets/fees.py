"""What trading costs.

A fee is a share of the trade's value, in basis points, rounded down to the fen: what is held for an order at entry then
always covers the fees of its fills, however it is filled.
"""

BASIS_POINTS = 10_000


def fee_fen(value_fen: int, rate_bps: int) -> int:
    """Return the fee on a trade's value. Rounding: down to the fen, in the payer's favour."""
    return value_fen * rate_bps // BASIS_POINTS


def worst_cost_fen(price_fen: int, quantity_t: int, highest_rate_bps: int) -> int:
    """Return what a buy order can cost at most: filled whole at its limit, at the higher of the two fees."""
    value_fen = price_fen * quantity_t
    return value_fen + fee_fen(value_fen, highest_rate_bps)
