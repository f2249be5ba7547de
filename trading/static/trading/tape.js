// The tape of trades, newest first. Rows keep their places and are filled anew: nothing on the page moves.

import { tapeTime, tonnes, yuan } from "./formats.js";

const ROWS = 30;

export function tapeView(root) {
  const body = root.querySelector("[data-tape]");
  if (!body) return () => {};
  const blank = root.querySelector("template[data-print]").content.firstElementChild;
  const rows = [...body.rows].map(rowOf);
  let newest = null;

  return ({ trades }) => {
    const wanted = trades.slice(-ROWS).reverse();
    const latest = wanted[0]?.id ?? null;
    if (latest === newest && rows.length === wanted.length) return;
    newest = latest;
    while (rows.length < wanted.length) {
      const made = blank.cloneNode(true);
      body.append(made);
      rows.push(rowOf(made));
    }
    while (rows.length > wanted.length) rows.pop().row.remove();
    rows.forEach((row, place) => fill(row, wanted[place]));
  };
}

function rowOf(row) {
  const part = (name) => row.querySelector(`[data-${name}]`);
  return {
    row,
    side: part("side"),
    arrow: part("arrow"),
    price: part("price"),
    quantity: part("quantity"),
    time: part("time"),
    words: [...row.querySelectorAll("[data-words]")],
    shown: {},
  };
}

function fill(row, trade) {
  const { shown } = row;
  if (shown.id === trade.id) return;
  if (shown.taker_side !== trade.taker_side) {
    row.side.className = trade.taker_side;
    row.arrow.textContent = trade.taker_side === "buy" ? "▲" : "▼";
    for (const words of row.words) words.hidden = words.dataset.words !== trade.taker_side;
  }
  if (shown.price_fen !== trade.price_fen) row.price.textContent = yuan(trade.price_fen);
  if (shown.quantity_t !== trade.quantity_t) row.quantity.textContent = tonnes(trade.quantity_t);
  if (shown.executed_at !== trade.executed_at) row.time.textContent = tapeTime(trade.executed_at);
  row.shown = trade;
}
