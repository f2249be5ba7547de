// A market as its stream tells it: a snapshot, then what has changed. Nothing is changed in place.

const TRADES = 100;

export function fromSnapshot(message, known) {
  return {
    sequence: message.sequence,
    ...stateOf(message, {}),
    bids: levels([], message.bids),
    asks: levels([], message.asks),
    // What was known before is still true: a snapshot has the latest trades, or those that were missed.
    trades: withTrades(known?.trades ?? [], message.trades),
  };
}

export function withDelta(known, message) {
  return {
    sequence: message.sequence,
    ...stateOf(message, known),
    bids: levels(known.bids, message.bids),
    asks: levels(known.asks, message.asks),
    trades: withTrades(known.trades, message.trades),
  };
}

export function withTrades(known, more) {
  const ids = new Set(known.map((trade) => trade.id));
  return [...known, ...more.filter((trade) => !ids.has(trade.id))].slice(-TRADES);
}

// What trades add to the last 24 hours: prices are the book's, quantities of every trading mode.
export function dayWith(day, trades) {
  const listed = trades.filter((trade) => trade.trading_mode === "listing").map((trade) => trade.price_fen);
  return {
    last_price_fen: listed.at(-1) ?? day.last_price_fen,
    highest_price_fen: listed.reduce((highest, price) => Math.max(highest ?? price, price), day.highest_price_fen),
    lowest_price_fen: listed.reduce((lowest, price) => Math.min(lowest ?? price, price), day.lowest_price_fen),
    quantity_t: trades.reduce((sum, trade) => sum + trade.quantity_t, day.quantity_t),
  };
}

function stateOf(message, known) {
  const {
    state = known.state,
    halt_reason: haltReason = known.haltReason,
    reference_price_fen: referenceFen = known.referenceFen,
    indicative = known.indicative,
  } = message;
  return { state, haltReason, referenceFen, indicative };
}

// A level of quantity 0 is gone.
function levels(known, changed) {
  const byPrice = new Map(known.map((level) => [level[0], level]));
  for (const level of changed) {
    if (level[1] === 0) byPrice.delete(level[0]);
    else byPrice.set(level[0], level);
  }
  return [...byPrice.values()];
}

export function best(side, sign) {
  return [...side].sort(([one], [other]) => sign * (one - other));
}
