// Keeps what a page shows of a market as it is now. Without this module the page is right as it was loaded.

import { bookView } from "./book.js";
import { chartView } from "./chart.js";
import { Feed } from "./feed.js";
import { ordersView } from "./orders.js";
import { quoteView } from "./quote.js";
import { tapeView } from "./tape.js";
import { ticketView } from "./ticket.js";

const TRADES = 100;

for (const root of document.querySelectorAll("[data-market]")) begin(root);

function begin(root) {
  const { market: symbol, liveUrl, streamUrl, trades } = root.dataset;
  const referenceFen = Number(root.dataset.referenceFen);
  const views = [
    quoteView(root, referenceFen),
    bookView(root),
    tapeView(root),
    chartView(root),
    ordersView(root),
    ticketView(root),
  ];
  let market = null;
  let isDrawing = false;

  const draw = () => {
    if (isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(() => {
      isDrawing = false;
      for (const view of views) view(market);
    });
  };
  const change = (next) => {
    const lastPrice = next.day.last_price_fen;
    market = { ...next, lastPrice, change: lastPrice === null ? null : lastPrice - referenceFen };
    draw();
  };

  new Feed({
    streamUrl: streamUrl && `${streamUrl.replace(/\/$/, "")}/stream/markets/${encodeURIComponent(symbol)}`,
    liveUrl,
    hasOwn: trades !== undefined,
    onSnapshot: (snapshot) => change(fromSnapshot(snapshot, market)),
    // Before the first snapshot there is nothing that an update could change.
    onUpdate: (message) => market && change(updated(market, message)),
    onState: (state) => showState(root, state),
  }).start();
}

function fromSnapshot(snapshot, market) {
  const { state, halt_reason: haltReason, bids, asks, trades, day, mine, sequence } = snapshot;
  const { indicative, phase_words: phaseWords } = snapshot;
  // An answer that was under way while the stream went on knows less than the page does already.
  if (market && market.sequence > sequence) return { ...market, mine };
  return { sequence, state, haltReason, indicative, phaseWords, bids, asks, trades, day, mine };
}

function updated(market, message) {
  const known = new Set(market.trades.map((trade) => trade.id));
  const fresh = message.trades.filter((trade) => !known.has(trade.id));
  return {
    ...market,
    sequence: message.sequence,
    state: message.state,
    haltReason: message.halt_reason,
    indicative: message.indicative,
    // What is said of a state and its times is of that state alone.
    phaseWords: message.state === market.state ? market.phaseWords : "",
    bids: message.bids,
    asks: message.asks,
    trades: [...market.trades, ...fresh].slice(-TRADES),
    day: message.traded ? dayWith(market.day, message) : market.day,
  };
}

function dayWith(day, { traded, trades }) {
  return {
    last_price_fen: trades.at(-1).price_fen,
    highest_price_fen: Math.max(day.highest_price_fen ?? 0, traded.highest_price_fen),
    lowest_price_fen: Math.min(day.lowest_price_fen ?? Infinity, traded.lowest_price_fen),
    quantity_t: day.quantity_t + traded.quantity_t,
  };
}

function showState(root, state) {
  for (const words of root.querySelectorAll("[data-connection] [data-state]")) {
    words.hidden = words.dataset.state !== state;
  }
}
