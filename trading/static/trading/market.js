// Keeps what a page shows of a market as it is now. Without this module the page is right as it was loaded.

import { bookView } from "./book.js";
import { chartView } from "./chart.js";
import { Feed } from "./feed.js";
import { best, dayWith, fromSnapshot, withDelta, withTrades } from "./followed.js";
import { ordersView } from "./orders.js";
import { quoteView } from "./quote.js";
import { tapeView } from "./tape.js";
import { ticketView } from "./ticket.js";

for (const root of document.querySelectorAll("[data-market]")) begin(root);

function begin(root) {
  const { market: symbol, liveUrl, streamUrl, trades } = root.dataset;
  const referenceFen = Number(root.dataset.referenceFen);
  const views = [quoteView(root), bookView(root), tapeView(root), chartView(root), ordersView(root), ticketView(root)];
  // What the server answered last, and what the stream tells, where there is one.
  let asked = null;
  let followed = null;
  let isDrawing = false;

  const draw = () => {
    if (isDrawing || !asked) return;
    isDrawing = true;
    requestAnimationFrame(() => {
      isDrawing = false;
      const market = { referenceFen, ...(followed ? both(asked, followed) : fromAnswer(asked)) };
      const lastPrice = market.day.last_price_fen;
      market.lastPrice = lastPrice;
      market.change = lastPrice === null ? null : lastPrice - market.referenceFen;
      for (const view of views) view(market);
    });
  };

  new Feed({
    streamUrl: streamUrl && `${streamUrl.replace(/\/$/, "")}/stream/markets/${encodeURIComponent(symbol)}`,
    liveUrl,
    csrfToken: trades === undefined ? null : (root.querySelector("[name=csrfmiddlewaretoken]")?.value ?? null),
    onAnswer(answer) {
      asked = followed ? upTo(answer, followed.trades) : answer;
      draw();
    },
    onSnapshot(message) {
      followed = fromSnapshot(message, followed);
      if (asked) asked = upTo(asked, message.trades);
      draw();
    },
    onDelta(message) {
      followed = withDelta(followed, message);
      if (asked) asked = upTo(asked, message.trades);
      draw();
    },
    onLost() {
      followed = null;
    },
    onState: (state) => showState(root, state),
  }).start();
}

// An answer with what trades after it add to its day.
function upTo(answer, trades) {
  const later = trades.filter((trade) => trade.sequence > answer.sequence);
  if (!later.length) return answer;
  return { ...answer, sequence: later.at(-1).sequence, day: dayWith(answer.day, later) };
}

function fromAnswer(answer) {
  const { state, halt_reason: haltReason, phase_words: phaseWords, indicative, bids, asks, trades, day, mine } = answer;
  return { state, haltReason, phaseWords, indicative, bids, asks, trades, day, mine };
}

function both(answer, followed) {
  return {
    ...followed,
    // What is said of a state and its times is of that state alone.
    phaseWords: followed.state === answer.state ? answer.phase_words : "",
    bids: best(followed.bids, -1),
    asks: best(followed.asks, 1),
    trades: followed.trades.length < answer.trades.length ? withTrades(answer.trades, followed.trades) : followed.trades,
    day: answer.day,
    mine: answer.mine,
  };
}

function showState(root, state) {
  for (const words of root.querySelectorAll("[data-connection] [data-state]")) {
    words.hidden = words.dataset.state !== state;
  }
}
