// The order ticket: says what an order comes to, and would do, while it is written. The server decides.

import { forecast } from "./forecast.js";
import { parseTonnes, parseYuan, tonnes, yuan } from "./formats.js";

const BASIS_POINTS = 10_000n;
const RESTS = ["", "limit", "day", "gtd", "post_only"];

export function ticketView(root) {
  const form = root.querySelector("[data-ticket]");
  if (!form) return { draw: () => {} };
  const rules = Object.fromEntries(
    ["lowestFen", "highestFen", "tickFen", "lotT", "feeBps"].map((name) => [name, BigInt(form.dataset[name])]),
  );
  let market = null;
  let state = root.dataset.state;
  const look = () => show(form, rules, market, state);
  form.addEventListener("input", look);
  form.addEventListener("submit", () => preventTwice(form));
  form.addEventListener("answered", () => release(form, state));
  form.addEventListener("keydown", (event) => step(event, form, rules, look));
  form.addEventListener("click", (event) => takeShare(event, form, rules, market, look));
  window.addEventListener("pageshow", () => release(form, state));
  root.ownerDocument.addEventListener("click", (event) => takeSide(event, root, form, look));
  takePrices(root, form, look);
  look();

  return {
    draw(now) {
      market = { bids: now.bids, asks: now.asks, mine: now.mine ?? market?.mine ?? null };
      if (now.state !== state) {
        state = now.state;
        release(form, state);
      }
      if (now.mine) {
        write(form.querySelector("[data-cash]"), yuan(now.mine.cash_available_fen));
        write(form.querySelector("[data-credits]"), tonnes(now.mine.credits_available_t));
      }
      look();
    },
    // The server's ticket takes the place of what is there: with what is wrong beside the field, and a new id.
    refused(fresh) {
      form.replaceChildren(...fresh.childNodes);
      release(form, state);
      look();
      showTicket(root);
      const wrong = form.querySelector(".errorlist, .form-errors");
      (wrong?.closest(".field")?.querySelector("input, select") ?? form.elements.quantity).focus({ preventScroll: true });
      // With what is wrong, which stands above the field: not behind the head of the page.
      (wrong ?? form.elements.quantity).scrollIntoView({ block: "center" });
    },
    // What was sent is gone from the ticket; the next order has an id of its own.
    sent(clientOrderId) {
      form.elements.client_order_id.value = clientOrderId;
      form.elements.quantity.value = "";
      for (const wrong of form.querySelectorAll(".errorlist, .form-errors")) wrong.remove();
      for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
      release(form, state);
      look();
    },
  };
}

function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function show(form, rules, market, state) {
  const mine = market?.mine ?? null;
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
  estimate.hidden = quantity === null && (price === null || fits(price, rules));
  const value = price !== null && quantity !== null ? price * quantity : null;
  const fee = value === null ? null : (value * rules.feeBps) / BASIS_POINTS;
  const say = (name, fen) => write(form.querySelector(`[data-${name}]`), yuan(fen));
  say("value", value);
  say("fee", fee);
  say("held", value === null ? null : value + fee);
  say("proceeds", value === null ? null : value - fee);

  const warn = (name, isWrong) => (form.querySelector(`[data-warning="${name}"]`).hidden = !isWrong);
  warn("band", price !== null && (price < rules.lowestFen || price > rules.highestFen));
  warn("tick", price !== null && price % rules.tickFen !== 0n);
  warn("lot", quantity !== null && quantity % rules.lotT !== 0n);
  warn("cash", isBuying && mine !== null && value !== null && value + fee > BigInt(mine.cash_available_fen));
  warn("credits", !isBuying && mine !== null && quantity !== null && quantity > BigInt(mine.credits_available_t));
  showForecast(form, state === "open" && market && value ? { price, quantity, market, isBuying } : null);
}

function fits(price, rules) {
  return price >= rules.lowestFen && price <= rules.highestFen && price % rules.tickFen === 0n;
}

function showForecast(form, wanted) {
  const place = form.querySelector("[data-forecast]");
  place.hidden = wanted === null;
  if (wanted === null) return;
  const { price, quantity, market, isBuying } = wanted;
  const order = {
    side: isBuying ? "buy" : "sell",
    limit: price,
    quantity,
    rests: RESTS.includes(form.elements.kind.value),
  };
  const coming = forecast(order, market, market.mine?.orders ?? []);
  const part = (name) => place.querySelector(`[data-forecast-${name}]`);
  part("fills").hidden = !coming.filled;
  part("none").hidden = Boolean(coming.filled);
  part("rest").hidden = !coming.rests;
  part("own").hidden = !coming.meetsOwn;
  write(part("filled"), tonnes(coming.filled));
  write(part("average"), yuan(coming.average));
  write(part("worst"), yuan(coming.worst));
  write(part("rests"), tonnes(coming.rests));
}

// A form that is sent twice is one order all the same: this only spares the second answer.
function preventTwice(form) {
  setTimeout(() => form.querySelectorAll("button").forEach((button) => (button.disabled = true)));
}

function release(form, state) {
  const takesOrders = state === "open" || state === "auction";
  form.querySelectorAll("button").forEach((button) => (button.disabled = button.name === "send" && !takesOrders));
}

// Arrows move a price by a tick and a quantity by a lot, with Shift by ten of them; within the band, and never below one.
function step(event, form, rules, look) {
  if (!["ArrowUp", "ArrowDown"].includes(event.key)) return;
  const isPrice = event.target === form.elements.price;
  if (!isPrice && event.target !== form.elements.quantity) return;
  event.preventDefault();
  const size = (isPrice ? rules.tickFen : rules.lotT) * (event.shiftKey ? 10n : 1n);
  const now = (isPrice ? parseYuan : parseTonnes)(event.target.value) ?? (isPrice ? rules.lowestFen - size : 0n);
  const moved = event.key === "ArrowUp" ? now + size : now - size;
  const least = isPrice ? rules.lowestFen : rules.lotT;
  const bounded = moved < least ? least : isPrice && moved > rules.highestFen ? rules.highestFen : moved;
  event.target.value = isPrice ? yuan(bounded) : tonnes(bounded);
  look();
}

// A share of what is available: of the money at the price that is written, or of the tonnes.
function takeShare(event, form, rules, market, look) {
  const share = event.target.closest("[data-share]")?.dataset.share;
  if (!share || !market?.mine) return;
  const price = parseYuan(form.elements.price.value) ?? rules.highestFen;
  const isBuying = form.elements.side.value !== "sell";
  const cost = price * BASIS_POINTS + price * rules.feeBps;
  const most = isBuying
    ? (BigInt(market.mine.cash_available_fen) * BASIS_POINTS) / cost
    : BigInt(market.mine.credits_available_t);
  const part = (most * BigInt(share)) / 100n;
  form.elements.quantity.value = tonnes(part - (part % rules.lotT));
  look();
}

// "Buy" and "Sell" at the thumb choose the side without loading the page anew.
function takeSide(event, root, form, look) {
  const link = event.target.closest("[data-take-side]");
  if (!link) return;
  event.preventDefault();
  form.elements.side.value = link.dataset.takeSide;
  look();
  showTicket(root);
  form.scrollIntoView({ block: "center" });
  form.elements.quantity.focus({ preventScroll: true });
}

function showTicket(root) {
  const choice = root.querySelector("#show-ticket");
  if (choice) choice.checked = true;
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
