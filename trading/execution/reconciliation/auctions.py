"""One-way auctions and their bids: what they hold, that they are what their records say, and that bids are as committed."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation import Invariant
from ledger.journal.reconciliation.invariants import entries, newest, person

DECIDED = entries("one_way_auction_awarded", "one_way_auction_unsold", "one_way_auction_cancelled")
ENDED = entries("bid_withdrawn", "bid_revealed", "bid_voided")
SYSTEM = "CASE WHEN {}.decided_at IS NOT NULL THEN 'system' END"

INVARIANTS = (
    Invariant(
        3,
        _("each open one-way auction holds its tonnes, and nothing once it is decided"),
        """
        SELECT auction.id AS auction, hold.id AS hold, auction.state, hold.remaining AS held
          FROM (SELECT auction.*, market.asset_id FROM trading_onewayauction auction
                  LEFT JOIN trading_market market ON market.id = auction.market_id) auction
          FULL JOIN (SELECT * FROM ledger_hold WHERE purpose = 'auction') hold ON hold.id = auction.hold_id
          LEFT JOIN ledger_account account ON account.id = hold.account_id
         WHERE auction.id IS NULL OR hold.id IS NULL
            OR (account.organisation_id, account.purpose, account.asset_id) IS DISTINCT FROM
               (auction.seller_id, 'holding', auction.asset_id)
            OR hold.remaining <> CASE auction.state WHEN 'open' THEN auction.quantity_t ELSE 0 END
        """,
    ),
    Invariant(
        3,
        _("each standing bid holds its deposit, and nothing once it is decided"),
        """
        SELECT bid.id AS bid, hold.id AS hold, bid.state
          FROM (SELECT bid.*, auction.fee_bps, CASE WHEN auction.is_sealed THEN 'sealed_bid' ELSE 'bid' END AS hold_purpose
                  FROM trading_bid bid LEFT JOIN trading_onewayauction auction ON auction.id = bid.auction_id) bid
          FULL JOIN (SELECT * FROM ledger_hold WHERE purpose IN ('bid', 'sealed_bid')) hold ON hold.id = bid.hold_id
          LEFT JOIN ledger_account account ON account.id = hold.account_id
          LEFT JOIN ledger_asset asset ON asset.id = account.asset_id
         WHERE bid.id IS NULL OR hold.id IS NULL
            OR (account.organisation_id, account.purpose, asset.code, hold.purpose) IS DISTINCT FROM
               (bid.bidder_id, 'holding', 'CNY', bid.hold_purpose)
            OR hold.remaining <> CASE bid.state WHEN 'standing'
                   THEN bid.price_fen * bid.quantity_t + bid.price_fen * bid.quantity_t * bid.fee_bps / 10000 ELSE 0 END
        """,
    ),
    Invariant(
        9,
        _("each one-way auction is as its records say: rules, times, and who decided when"),
        f"""
        SELECT coalesce(auction.id::text, announced.body ->> 'auction') AS auction, auction.state
          FROM (SELECT auction.*, seller.public_id::text AS seller,
                       {person("auction.announced_by_id", "announcer")} AS announcer,
                       {person("auction.decided_by_id", "decider", otherwise=SYSTEM.format("auction"))} AS decider
                  FROM trading_onewayauction auction
                  LEFT JOIN ledger_organisation seller ON seller.id = auction.seller_id
                  LEFT JOIN ledger_user announcer ON announcer.id = auction.announced_by_id
                  LEFT JOIN ledger_user decider ON decider.id = auction.decided_by_id) auction
          FULL JOIN ({newest(entries("one_way_auction_announced"), "auction")}) announced
                    ON announced.body ->> 'auction' = auction.id::text
          LEFT JOIN ({newest(DECIDED, "auction")}) decided ON decided.body ->> 'auction' = auction.id::text
         WHERE auction.id IS NULL OR announced.record_id IS NULL
            OR (auction.market_id::text, auction.seller, auction.quantity_t::text, auction.reserve_price_fen::text,
                auction.least_bid_t::text, auction.is_sealed::text, auction.pricing, auction.fee_bps::text,
                log_time(auction.opens_at), log_time(auction.closes_at), auction.announcer,
                log_time(auction.announced_at)) IS DISTINCT FROM
               (announced.body ->> 'market', announced.body ->> 'seller', announced.body ->> 'quantity_t',
                announced.body ->> 'reserve_price_fen', announced.body ->> 'least_bid_t', announced.body ->> 'is_sealed',
                announced.body ->> 'pricing', announced.body ->> 'fee_bps', announced.body ->> 'opens_at',
                announced.body ->> 'closes_at', announced.actor, announced.at)
            OR ('one_way_auction_' || CASE auction.state WHEN 'open' THEN NULL ELSE auction.state END,
                auction.sell_order_id::text, nullif(auction.reason, ''), auction.decider, log_time(auction.decided_at))
               IS DISTINCT FROM
               (decided.kind, decided.body ->> 'sell_order', decided.body ->> 'reason', decided.actor, decided.at)
        """,
    ),
    Invariant(
        9,
        _("each bid is what it committed to when it was placed, and what was revealed of it"),
        f"""
        SELECT coalesce(bid.id::text, placed.body ->> 'bid') AS bid, bid.state
          FROM (SELECT bid.*, bidder.public_id::text AS bidder,
                       {person("bid.placed_by_id", "placer")} AS placer,
                       {person("bid.decided_by_id", "decider", otherwise=SYSTEM.format("bid"))} AS decider,
                       encode(sha256(convert_to(concat_ws(':', bid.nonce, bid.auction_id, bid.id, bid.price_fen,
                                                          bid.quantity_t), 'UTF8')), 'hex') AS commitment
                  FROM trading_bid bid
                  LEFT JOIN ledger_organisation bidder ON bidder.id = bid.bidder_id
                  LEFT JOIN ledger_user placer ON placer.id = bid.placed_by_id
                  LEFT JOIN ledger_user decider ON decider.id = bid.decided_by_id) bid
          FULL JOIN ({newest(entries("bid_placed"), "bid")}) placed ON placed.body ->> 'bid' = bid.id::text
          LEFT JOIN ({newest(ENDED, "bid")}) ended ON ended.body ->> 'bid' = bid.id::text
         WHERE bid.id IS NULL OR placed.record_id IS NULL
            OR (bid.auction_id::text, bid.bidder, bid.commitment, bid.placer, log_time(bid.placed_at)) IS DISTINCT FROM
               (placed.body ->> 'auction', placed.body ->> 'organisation', placed.body ->> 'commitment', placed.actor,
                placed.at)
            OR (CASE WHEN bid.state IN ('won', 'lost') THEN 'bid_revealed' WHEN bid.state = 'withdrawn' THEN 'bid_withdrawn'
                     WHEN bid.state = 'void' THEN 'bid_voided' END, bid.decider, log_time(bid.decided_at)) IS DISTINCT FROM
               (ended.kind, ended.actor, ended.at)
            OR ended.kind = 'bid_revealed'
               AND (bid.price_fen::text, bid.quantity_t::text, bid.nonce, bid.state = 'won') IS DISTINCT FROM
                   (ended.body ->> 'price_fen', ended.body ->> 'quantity_t', ended.body ->> 'nonce',
                    ended.body ->> 'awarded_t' <> '0')
            OR (bid.awarded_t::text, bid.awarded_price_fen::text, bid.order_id::text) IS DISTINCT FROM
               (coalesce(ended.body ->> 'awarded_t', '0'), ended.body ->> 'awarded_price_fen', ended.body ->> 'order')
        """,
    ),
    Invariant(
        8,
        _("what was awarded in one-way auctions is of the very orders that were agreed"),
        """
        SELECT coalesce(awarded.auction_id, o.id) AS auction_or_order
          FROM (SELECT auction.id AS auction_id, auction.market_id, auction.sell_order_id AS order_id,
                       auction.seller_id AS organisation_id, 'sell' AS side, auction.reserve_price_fen AS price_fen,
                       (SELECT sum(awarded_t) FROM trading_bid WHERE auction_id = auction.id) AS quantity_t
                  FROM trading_onewayauction auction WHERE auction.state = 'awarded'
                 UNION ALL
                SELECT auction.id, auction.market_id, bid.order_id, bid.bidder_id, 'buy', bid.price_fen, bid.awarded_t
                  FROM trading_bid bid JOIN trading_onewayauction auction ON auction.id = bid.auction_id
                 WHERE bid.state = 'won') awarded
          FULL JOIN (SELECT * FROM trading_order WHERE trading_mode = 'one_way_auction') o ON o.id = awarded.order_id
         WHERE awarded.auction_id IS NULL OR o.id IS NULL
            OR (o.market_id, o.organisation_id, o.side, o.price_fen, o.quantity_t) IS DISTINCT FROM
               (awarded.market_id, awarded.organisation_id, awarded.side, awarded.price_fen, awarded.quantity_t)
        """,
    ),
)
