// The order ticket: says what an order comes to while it is written. The server decides.

import { parseTonnes, parseYuan, tonnes, yuan } from "./formats.js";

const BASIS_POINTS = 10_000n;

export function ticketView(root) {
  const form = root.querySelector("[data-ticket]");
  if (!form) return () => {};
  const rules = Object.fromEntries(
    ["lowestFen", "highestFen", "tickFen", "lotT", "feeBps"].map((name) => [name, BigInt(form.dataset[name])]),
  );
  let mine = null;
  let state = root.dataset.state;
  const look = () => show(form, rules, mine, state);
  form.addEventListener("input", look);
  form.addEventListener("submit", () => preventTwice(form));
  window.addEventListener("pageshow", () => release(form, state));
  root.ownerDocument.addEventListener("click", (event) => takeSide(event, form, look));
  takePrices(root, form, look);
  look();

  return (market) => {
    if (market.state !== state) {
      state = market.state;
      release(form, state);
      look();
    }
    if (!market.mine) return;
    mine = market.mine;
    form.querySelector("[data-cash]").textContent = yuan(mine.cash_available_fen);
    form.querySelector("[data-credits]").textContent = tonnes(mine.credits_available_t);
    look();
  };
}

function show(form, rules, mine, state) {
  const isMarket = form.elements.kind.value === "market";
  const isAuction = state === "auction";
  for (const option of form.querySelectorAll("[data-not-in-auction]")) option.disabled = isAuction;
  // A market order for a call auction has no price. A field that is disabled is not sent.
  form.elements.price.disabled = isMarket && isAuction;
  const written = parseYuan(form.elements.price.value);
  const quantity = parseTonnes(form.elements.quantity.value);
  const isBuying = form.elements.side.value !== "sell";
  // A market order without a price takes what the band allows.
  const isOpen = isMarket && (isAuction || form.elements.price.value.trim() === "");
  const price = isOpen ? (isBuying ? rules.highestFen : rules.lowestFen) : written;
  form.querySelector('[data-for-kind="market"]').hidden = !isMarket || isAuction;
  const estimate = form.querySelector("[data-estimate]");
  estimate.hidden = written === null && quantity === null;
  const value = price !== null && quantity !== null ? price * quantity : null;
  const fee = value === null ? null : (value * rules.feeBps) / BASIS_POINTS;
  const write = (name, fen) => (form.querySelector(`[data-${name}]`).textContent = yuan(fen));
  write("value", value);
  write("fee", fee);
  write("held", value === null ? null : value + fee);
  write("proceeds", value === null ? null : value - fee);

  const warn = (name, isWrong) => (form.querySelector(`[data-warning="${name}"]`).hidden = !isWrong);
  warn("band", price !== null && (price < rules.lowestFen || price > rules.highestFen));
  warn("tick", price !== null && price % rules.tickFen !== 0n);
  warn("lot", quantity !== null && quantity % rules.lotT !== 0n);
  warn("cash", isBuying && mine !== null && value !== null && value + fee > BigInt(mine.cash_available_fen));
  warn("credits", !isBuying && mine !== null && quantity !== null && quantity > BigInt(mine.credits_available_t));
}

// A form that is sent twice is one order all the same: this only spares the second answer.
function preventTwice(form) {
  setTimeout(() => form.querySelectorAll("button").forEach((button) => (button.disabled = true)));
}

function release(form, state) {
  const takesOrders = state === "open" || state === "auction";
  form.querySelectorAll("button").forEach((button) => (button.disabled = !takesOrders));
}

// "Buy" and "Sell" at the thumb choose the side without loading the page anew.
function takeSide(event, form, look) {
  const link = event.target.closest("[data-take-side]");
  if (!link) return;
  event.preventDefault();
  form.elements.side.value = link.dataset.takeSide;
  look();
  form.scrollIntoView({ block: "center" });
  form.elements.quantity.focus({ preventScroll: true });
}

// A click on a level of the book takes its price.
function takePrices(root, form, look) {
  const book = root.querySelector("[data-book]");
  book.toggleAttribute("data-takes", true);
  book.addEventListener("click", (event) => {
    const price = event.target.closest(".rung:not([data-empty])")?.dataset.priceFen;
    if (!price) return;
    form.elements.price.value = yuan(price);
    look();
  });
}
