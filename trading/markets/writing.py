"""How orders, offers and trades are called."""


def terms_written(quantity_t: int, price_fen: int) -> str:
    """Return a quantity and its price as people say it. Units: tonnes and fen in, yuan out, exactly."""
    yuan, fen = divmod(price_fen, 100)
    return f"{quantity_t:,} t @ ¥{yuan:,}.{fen:02d}"
