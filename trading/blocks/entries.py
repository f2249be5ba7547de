"""What the log says of an offer: its terms and its parties, at each step."""

from typing import Any

from ledger.transparency.services import append_record, format_time
from trading.blocks.models import BlockOffer


def record_offered(offer: BlockOffer, *, actor: str) -> None:
    """Record that an offer was made."""
    append_record(kind="block_offered", body=_body(offer), actor=actor, at=offer.offered_at)


def record_decided(offer: BlockOffer, *, actor: str) -> None:
    """Record what became of an offer: `block_accepted`, `block_countered` and so on."""
    append_record(kind=f"block_{offer.state}", body=_body(offer), actor=actor, at=offer.decided_at)


def _body(offer: BlockOffer) -> dict[str, Any]:
    body = {
        "offer": str(offer.pk),
        "market": str(offer.market_id),
        "proposer": str(offer.proposer.public_id),
        "counterparty": str(offer.counterparty.public_id),
        "side": str(offer.side),
        "price_fen": offer.price_fen,
        "quantity_t": offer.quantity_t,
        "fee_bps": offer.fee_bps,
        "expires_at": format_time(offer.expires_at),
    }
    named = {"replaces": offer.replaces_id, "buy_order": offer.buy_order_id, "sell_order": offer.sell_order_id}
    return body | {name: str(number) for name, number in named.items() if number is not None}
