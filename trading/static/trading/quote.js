// What a market's head, or its teaser, says: price, change, the last 24 hours, its state.

import { direction, signedPercent, signedYuan, tonnes, yuan } from "./formats.js";

export function quoteView(root) {
  const places = {};
  const write = (name, text) => {
    const place = (places[name] ??= root.querySelector(`[data-${name}]`));
    if (place && place.textContent !== text) place.textContent = text;
    return place;
  };

  return (market) => {
    const { change } = market;
    const price = write("last-price", yuan(market.lastPrice));
    dress(price, `figure ${direction(change)}`);
    const changed = write("change", `${signedYuan(change)} (${signedPercent(change, market.referenceFen)})`);
    dress(changed, `change ${direction(change)} tabular`);
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
    showPhase(root, market);
  };
}

function dress(place, wanted) {
  if (place.className !== wanted) place.className = wanted;
}

// What is shown in some states only, and what is said of them. What is not known stays as it was loaded.
function showPhase(root, { state, phaseWords, indicative }) {
  for (const part of root.querySelectorAll("[data-in-state]")) {
    part.hidden = !part.dataset.inState.split(" ").includes(state);
  }
  const words = phaseWords ?? (root.dataset.state === state ? undefined : "");
  for (const place of root.querySelectorAll("[data-phase-words]")) place.textContent = words ?? place.textContent;
  const place = root.querySelector("[data-indicative]");
  if (!place || indicative === undefined) return;
  place.querySelector("[data-cleared]").hidden = indicative === null;
  place.querySelector("[data-uncleared]").hidden = indicative !== null;
  place.querySelector("[data-indicative-price]").textContent = yuan(indicative?.price_fen ?? null);
  place.querySelector("[data-indicative-quantity]").textContent = tonnes(indicative?.quantity_t ?? null);
}
