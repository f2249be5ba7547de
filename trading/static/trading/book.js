// The order book: as many rungs as the server drew, filled anew.

import { NOTHING, direction, tonnes, yuan } from "./formats.js";

export function bookView(root) {
  const table = root.querySelector("[data-book]");
  if (!table) return () => {};
  // Both from the best price on: the asks' best one is the lowest on the page.
  const asks = [...table.querySelectorAll("[data-asks] .rung")].reverse();
  const bids = [...table.querySelectorAll("[data-bids] .rung")];
  const middle = table.querySelector("[data-middle]");
  const spread = table.querySelector("[data-spread]");

  return (market) => {
    const sides = [
      [bids, market.bids.slice(0, bids.length)],
      [asks, market.asks.slice(0, asks.length)],
    ];
    const deepest = Math.max(...sides.map(([, levels]) => levels.reduce((sum, [, quantity]) => sum + quantity, 0)));
    for (const [rungs, levels] of sides) drawSide(rungs, levels, deepest);
    const isTwoSided = market.bids.length && market.asks.length;
    spread.textContent = isTwoSided ? yuan(market.asks[0][0] - market.bids[0][0]) : NOTHING;
    if (market.lastPrice !== null) {
      middle.textContent = yuan(market.lastPrice);
      middle.className = `number ${direction(market.change)}`;
    }
  };
}

function drawSide(rungs, levels, deepest) {
  let total = 0;
  rungs.forEach((rung, place) => {
    const [price, quantity] = levels[place] ?? [null, null];
    total += quantity ?? 0;
    const [priceCell, quantityCell, totalCell] = rung.cells;
    priceCell.querySelector("span").textContent = yuan(price);
    quantityCell.textContent = tonnes(quantity);
    totalCell.textContent = tonnes(quantity === null ? null : total);
    priceCell.querySelector("rect").setAttribute("width", quantity === null ? "0" : `${(total * 100) / deepest}%`);
    rung.toggleAttribute("data-empty", quantity === null);
    rung.dataset.priceFen = price ?? "";
  });
}
