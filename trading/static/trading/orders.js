// One's own orders in the market, and what one has to trade with.

import { tapeTime, tonnes, yuan } from "./formats.js";

const BADGES = { filled: "badge--good", rejected: "badge--bad", canceled: "", expired: "" };

export function ordersView(root) {
  const body = root.querySelector("[data-orders]");
  if (!body) return () => {};
  const blank = root.querySelector("template[data-order]").content.firstElementChild;
  let drawn = null;

  return ({ mine }) => {
    if (!mine) return;
    const key = JSON.stringify(mine.orders);
    // Who has put the focus on a button must not lose it where nothing has changed.
    if (key === drawn) return;
    drawn = key;
    const all = root.querySelector("[data-cancel-all]");
    if (all) all.hidden = !mine.orders.some((order) => order.cancel_url);
    const rows = new Map([...body.rows].map((row) => [row.dataset.orderId, row]));
    body.replaceChildren(...mine.orders.map((order) => fill(rows.get(String(order.id)) ?? blank.cloneNode(true), order)));
  };
}

function fill(row, order) {
  row.dataset.orderId = order.id;
  const write = (name, text) => (row.querySelector(`[data-${name}]`).textContent = text);
  write("side", order.side_words);
  row.querySelector("[data-side]").className = order.side;
  write("terms", order.terms_words);
  write("price", yuan(order.price_fen));
  write("filled", tonnes(order.filled_t));
  write("quantity", tonnes(order.quantity_t));
  write("status", order.status_words);
  row.querySelector("[data-status]").className = `badge ${BADGES[order.status] ?? "badge--waiting"}`;
  write("reason", order.reason_words);
  write("time", tapeTime(order.placed_at));
  const what = ` ${order.side_words} ${tonnes(order.quantity_t)} t @ ${yuan(order.price_fen)}`;
  for (const place of row.querySelectorAll("[data-what]")) place.textContent = what;
  const change = row.querySelector("[data-change]");
  if (change && order.change_url) change.href = order.change_url;
  else change?.remove();
  const form = row.querySelector("form");
  if (form && order.cancel_url) {
    form.action = order.cancel_url;
  } else {
    form?.remove();
  }
  return row;
}
