// Keeps what a page shows of a market as it is now. Without this module the page is right as it was loaded.

import { bookView } from "./book.js";
import { chartView } from "./chart.js";
import { chartsView } from "./charts.js";
import { countdownView } from "./countdown.js";
import { Feed } from "./feed.js";
import { best, dayWith, fromSnapshot, withDelta, withTrades } from "./followed.js";
import { tapeTime } from "./formats.js";
import { ordersView } from "./orders.js";
import { quoteView } from "./quote.js";
import { sheets } from "./sheet.js";
import { tapeView } from "./tape.js";
import { ticketView } from "./ticket.js";

for (const root of document.querySelectorAll("[data-market]")) begin(root);

function begin(root) {
  const { market: symbol, liveUrl, streamUrl, trades } = root.dataset;
  const referenceFen = Number(root.dataset.referenceFen);
  const ticket = ticketView(root);
  const views = [quoteView, bookView, tapeView, chartView, chartsView, ordersView, countdownView].map((view) => view(root));
  views.push(ticket.draw);
  // What the server answered last, and what the stream tells, where there is one.
  let asked = null;
  let followed = null;
  let isDrawing = false;

  // However often something changes, the page is written once a frame; a page that nobody looks at is not written at all.
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

  const feed = new Feed({
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
    onState: (state, heardAt) => showState(root, state, heardAt),
  });
  feed.start();
  // What was done stays in view until it is put away, or something else is begun.
  const board = root.querySelector("[data-told]");
  board?.addEventListener("click", (event) => event.target.closest("[data-told-close]") && board.replaceChildren());
  root.addEventListener("input", () => board?.replaceChildren());
  sheets(root, {
    onRefused(form) {
      board?.replaceChildren();
      ticket.refused(form);
    },
    onDone(told, form) {
      board?.replaceChildren(told);
      // What was done may be a cancel: only an order that was sent leaves the ticket.
      if (form && /\/markets\/[^/]+\/(orders|review)$/.test(form.action)) ticket.sent?.(told.dataset.clientOrderId);
      feed.refresh();
    },
  });
}

// An answer with what trades after it add to its day.
function upTo(answer, trades) {
  const later = trades.filter((trade) => trade.sequence > answer.sequence);
  if (!later.length) return answer;
  return { ...answer, sequence: later.at(-1).sequence, day: dayWith(answer.day, later) };
}

function fromAnswer(answer) {
  const { state, halt_reason: haltReason, phase_words: phaseWords, phase_until: phaseUntil, indicative } = answer;
  const { bids, asks, trades, day, mine } = answer;
  return { state, haltReason, phaseWords, phaseUntil, indicative, bids, asks, trades, day, mine };
}

function both(answer, followed) {
  const isSame = followed.state === answer.state;
  return {
    ...followed,
    // What is said of a state and its times is of that state alone.
    phaseWords: isSame ? answer.phase_words : "",
    phaseUntil: isSame ? answer.phase_until : null,
    bids: best(followed.bids, -1),
    asks: best(followed.asks, 1),
    trades: followed.trades.length < answer.trades.length ? withTrades(answer.trades, followed.trades) : followed.trades,
    day: answer.day,
    mine: answer.mine,
  };
}

function showState(root, state, heardAt) {
  for (const words of root.querySelectorAll("[data-connection] [data-state]")) {
    words.hidden = words.dataset.state !== state;
  }
  for (const place of root.querySelectorAll("[data-connection] [data-since]")) {
    place.textContent = heardAt ? tapeTime(heardAt) : "";
  }
  root.dataset.connection = state;
}
