// What an order would take of the book that is shown, while it is written. Before it is sent the server says so by its own rules.

// limit: BigInt fen; quantity: BigInt tonnes; own: one's open orders. Returns tonnes and fen as BigInt.
export function forecast({ side, limit, quantity, rests }, { bids, asks }, own) {
  const isBuy = side === "buy";
  const reaches = (price) => (isBuy ? price <= limit : price >= limit);
  let left = quantity;
  let value = 0n;
  let worst = null;
  for (const [price, shown] of isBuy ? asks : bids) {
    if (!left || !reaches(BigInt(price))) break;
    const taken = left < BigInt(shown) ? left : BigInt(shown);
    left -= taken;
    value += taken * BigInt(price);
    worst = price;
  }
  const filled = quantity - left;
  const meetsOwn = own.some(
    (order) => order.cancel_url && order.side !== side && order.status !== "pending_new" && reaches(BigInt(order.price_fen)),
  );
  // Half up, as the server rounds.
  const average = filled ? (2n * value + filled) / (2n * filled) : null;
  return { filled, average, worst, rests: rests ? left : 0n, meetsOwn };
}
