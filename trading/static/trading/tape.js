// The tape of trades, newest first. Rows are clones of one that the server made, filled with text; those that stay are not touched.

import { tapeTime, tonnes, yuan } from "./formats.js";

const ROWS = 30;

export function tapeView(root) {
  const body = root.querySelector("[data-tape]");
  if (!body) return () => {};
  const blank = root.querySelector("template[data-print]").content.firstElementChild;
  // Ids of what is shown; null where the rows are still those that the server drew.
  let drawn = null;

  return ({ trades }) => {
    const wanted = trades.slice(-ROWS);
    const newest = wanted.at(-1)?.id ?? null;
    if (drawn && newest === (drawn.at(-1) ?? null)) return;
    const after = drawn ? wanted.findIndex((trade) => trade.id === drawn.at(-1)) : -1;
    const fresh = wanted.slice(after + 1).map((trade) => row(blank, trade)).reverse();
    if (after === -1) body.replaceChildren(...fresh);
    else body.prepend(...fresh);
    while (body.rows.length > wanted.length) body.lastElementChild.remove();
    drawn = wanted.map((trade) => trade.id);
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
