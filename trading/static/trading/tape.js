// The tape of trades, newest first. Rows are clones of one that the server made, filled with text.

import { tapeTime, tonnes, yuan } from "./formats.js";

const ROWS = 30;

export function tapeView(root) {
  const body = root.querySelector("[data-tape]");
  if (!body) return () => {};
  const blank = root.querySelector("template[data-print]").content.firstElementChild;
  let drawn = null;

  return ({ trades }) => {
    const newest = trades.slice(-ROWS).reverse();
    const key = newest[0]?.id ?? null;
    if (key === drawn) return;
    drawn = key;
    body.replaceChildren(...newest.map((trade) => row(blank, trade)));
  };
}

function row(blank, trade) {
  const made = blank.cloneNode(true);
  made.querySelector("[data-side]").className = trade.taker_side;
  made.querySelector("[data-arrow]").textContent = trade.taker_side === "buy" ? "▲" : "▼";
  made.querySelector("[data-price]").textContent = yuan(trade.price_fen);
  made.querySelector("[data-quantity]").textContent = tonnes(trade.quantity_t);
  made.querySelector("[data-time]").textContent = tapeTime(trade.executed_at);
  for (const words of made.querySelectorAll("[data-words]")) words.hidden = words.dataset.words !== trade.taker_side;
  return made;
}
