// What a market's head, or its teaser, says: price, change, the last 24 hours, its state.

import { direction, signedPercent, signedYuan, tonnes, yuan } from "./formats.js";

export function quoteView(root) {
  const write = (name, text) => {
    const place = root.querySelector(`[data-${name}]`);
    if (place) place.textContent = text;
    return place;
  };

  return (market) => {
    const { change } = market;
    const price = write("last-price", yuan(market.lastPrice));
    price.className = `figure ${direction(change)}`;
    const changed = write("change", `${signedYuan(change)} (${signedPercent(change, market.referenceFen)})`);
    changed.className = `change ${direction(change)} tabular`;
    write("highest-price", yuan(market.day.highest_price_fen));
    write("lowest-price", yuan(market.day.lowest_price_fen));
    write("volume", tonnes(market.day.quantity_t));
    write("best-bid", yuan(market.bids[0]?.[0] ?? null));
    write("best-ask", yuan(market.asks[0]?.[0] ?? null));
    write("halt-reason", market.haltReason);
    const halt = root.querySelector("[data-halt]");
    if (halt) halt.hidden = market.state !== "halted";
    for (const badge of root.querySelectorAll("[data-market-state]")) {
      badge.hidden = badge.dataset.marketState !== market.state;
    }
  };
}
