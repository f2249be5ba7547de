"""Offers of block trades: what they hold, and that they are what their records say."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation import Invariant
from ledger.journal.reconciliation.invariants import entries, newest, person

CLOSED = entries("block_countered", "block_accepted", "block_declined", "block_withdrawn", "block_expired")

INVARIANTS = (
    Invariant(
        3,
        _("each open offer of a block trade holds its worst case, and nothing once it is decided"),
        """
        SELECT offer.id AS offer, hold.id AS hold, offer.state, hold.remaining AS held
          FROM (SELECT offer.*, market.asset_id
                  FROM trading_blockoffer offer LEFT JOIN trading_market market ON market.id = offer.market_id) offer
          FULL JOIN (SELECT * FROM ledger_hold WHERE purpose = 'block_offer') hold ON hold.id = offer.hold_id
          LEFT JOIN ledger_account account ON account.id = hold.account_id
          LEFT JOIN ledger_asset asset ON asset.id = account.asset_id
         WHERE offer.id IS NULL OR hold.id IS NULL
            OR (account.organisation_id, account.purpose) IS DISTINCT FROM (offer.proposer_id, 'holding')
            OR CASE offer.side WHEN 'buy' THEN asset.code IS DISTINCT FROM 'CNY'
                               ELSE asset.id IS DISTINCT FROM offer.asset_id END
            OR hold.remaining <> CASE
                   WHEN offer.state <> 'open' THEN 0
                   WHEN offer.side = 'sell' THEN offer.quantity_t
                   ELSE offer.price_fen * offer.quantity_t + offer.price_fen * offer.quantity_t * offer.fee_bps / 10000 END
        """,
    ),
    Invariant(
        9,
        _("each offer of a block trade is as its records say: terms, parties, and who decided when"),
        f"""
        SELECT coalesce(offer.id::text, offered.body ->> 'offer') AS offer, offer.state, closed.kind AS newest_record
          FROM (SELECT offer.*, proposer.public_id::text AS proposer, counterparty.public_id::text AS counterparty,
                       {person("offer.proposed_by_id", "offerer")} AS offerer,
                       {person("offer.decided_by_id", "decider", otherwise="CASE WHEN offer.decided_at IS NOT NULL THEN 'system' END")} AS decider
                  FROM trading_blockoffer offer
                  LEFT JOIN ledger_organisation proposer ON proposer.id = offer.proposer_id
                  LEFT JOIN ledger_organisation counterparty ON counterparty.id = offer.counterparty_id
                  LEFT JOIN ledger_user offerer ON offerer.id = offer.proposed_by_id
                  LEFT JOIN ledger_user decider ON decider.id = offer.decided_by_id) offer
          FULL JOIN ({newest(entries("block_offered"), "offer")}) offered ON offered.body ->> 'offer' = offer.id::text
          LEFT JOIN ({newest(CLOSED, "offer")}) closed ON closed.body ->> 'offer' = offer.id::text
         WHERE offer.id IS NULL OR offered.record_id IS NULL
            OR (offer.market_id::text, offer.proposer, offer.counterparty, offer.side, offer.price_fen::text,
                offer.quantity_t::text, offer.fee_bps::text, log_time(offer.expires_at), offer.replaces_id::text,
                offer.offerer, log_time(offer.offered_at)) IS DISTINCT FROM
               (offered.body ->> 'market', offered.body ->> 'proposer', offered.body ->> 'counterparty',
                offered.body ->> 'side', offered.body ->> 'price_fen', offered.body ->> 'quantity_t',
                offered.body ->> 'fee_bps', offered.body ->> 'expires_at', offered.body ->> 'replaces',
                offered.actor, offered.at)
            OR ('block_' || CASE offer.state WHEN 'open' THEN NULL ELSE offer.state END, offer.buy_order_id::text,
                offer.sell_order_id::text, offer.decider, log_time(offer.decided_at)) IS DISTINCT FROM
               (closed.kind, closed.body ->> 'buy_order', closed.body ->> 'sell_order', closed.actor, closed.at)
        """,
    ),
    Invariant(
        8,
        _("each accepted block trade is of the very orders that were agreed"),
        """
        SELECT coalesce(offer.id, o.id) AS offer_or_order
          FROM (SELECT offer.*, side_of.side AS order_side, side_of.order_id, side_of.organisation_id
                  FROM trading_blockoffer offer
                 CROSS JOIN LATERAL (VALUES
                       ('buy', buy_order_id, CASE side WHEN 'buy' THEN proposer_id ELSE counterparty_id END),
                       ('sell', sell_order_id, CASE side WHEN 'sell' THEN proposer_id ELSE counterparty_id END))
                       AS side_of (side, order_id, organisation_id)
                 WHERE offer.state = 'accepted') offer
          FULL JOIN (SELECT * FROM trading_order WHERE trading_mode = 'block_trade') o ON o.id = offer.order_id
         WHERE offer.id IS NULL OR o.id IS NULL
            OR (o.market_id, o.organisation_id, o.side, o.price_fen, o.quantity_t) IS DISTINCT FROM
               (offer.market_id, offer.organisation_id, offer.order_side, offer.price_fen, offer.quantity_t)
        """,
    ),
)
