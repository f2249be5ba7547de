// The order book: as many rungs as the server drew, filled anew where something has changed.

import { NOTHING, direction, tonnes, yuan } from "./formats.js";

export function bookView(root) {
  const table = root.querySelector("[data-book]");
  if (!table) return () => {};
  // Both from the best price on: the asks' best one is the lowest on the page.
  const asks = [...table.querySelectorAll("[data-asks] .rung")].map(rungOf).reverse();
  const bids = [...table.querySelectorAll("[data-bids] .rung")].map(rungOf);
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
    write(spread, isTwoSided ? yuan(market.asks[0][0] - market.bids[0][0]) : NOTHING);
    if (market.lastPrice !== null) {
      write(middle, yuan(market.lastPrice));
      const wanted = `number ${direction(market.change)}`;
      if (middle.className !== wanted) middle.className = wanted;
    }
  };
}

// What a rung shows is remembered, so that a page is only touched where it changes.
function rungOf(row) {
  const [priceCell, quantityCell, totalCell] = row.cells;
  return {
    row,
    price: priceCell.querySelector("span"),
    bar: priceCell.querySelector("rect"),
    quantity: quantityCell,
    total: totalCell,
    shown: {},
  };
}

function drawSide(rungs, levels, deepest) {
  let total = 0;
  rungs.forEach((rung, place) => {
    const [price, quantity] = levels[place] ?? [null, null];
    total += quantity ?? 0;
    const share = quantity === null ? 0 : total / deepest;
    const { shown } = rung;
    if (shown.price !== price) {
      rung.price.textContent = yuan(price);
      rung.row.toggleAttribute("data-empty", price === null);
      rung.row.dataset.priceFen = price ?? "";
    }
    if (shown.quantity !== quantity) rung.quantity.textContent = tonnes(quantity);
    const sum = quantity === null ? null : total;
    if (shown.total !== sum) rung.total.textContent = tonnes(sum);
    // Its width is the server's; what changes is how it is painted, which moves nothing.
    if (shown.share !== share) {
      if (shown.share === undefined) rung.bar.setAttribute("width", "100%");
      rung.bar.style.transform = `scaleX(${share.toFixed(4)})`;
    }
    rung.shown = { price, quantity, total: sum, share };
  });
}

function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}
