// The checks of a record, one after the other, each of which comes to a state:
// "holds", "broken", or "open": could not be checked here, which is said plainly.

import { ProofError, equal, fromBase64, sha256, toBase64, toHex } from "./bytes.js";
import { leafHash, rootFromPath } from "./merkle.js";
import { NoEd25519, parseCheckpoint, parseNote, verifyCheckpoint } from "./notes.js";

/**
 * Check the evidence of one or two records, and tell each result as soon as it is there: tell(check, state, values).
 *
 * `claims` is what a certificate says; without it nothing is compared.
 */
export async function checkEvidence(evidence, claims, tell) {
  for (const [at, proof] of evidence.proofs.entries()) {
    const suffix = at ? "2" : "";
    await run(`entry${suffix}`, () => checkEntry(proof), tell);
    await run(`path${suffix}`, () => checkPath(proof, evidence.checkpoint), tell);
  }
  await run("signature", () => checkSignature(evidence), tell);
  if (!claims) return;
  const [retired, moved] = evidence.proofs.map((proof) => proof.entry);
  await run("claims", () => checkClaims(retired, claims), tell);
  await run("serials", () => checkSerials(moved, claims), tell);
}

async function run(check, compute, tell) {
  try {
    tell(check, ...(await compute()));
  } catch (error) {
    if (error instanceof NoEd25519) tell(check, "open", {});
    else if (error instanceof ProofError) tell(check, "broken", { reason: error.message });
    else throw error;
  }
}

async function checkEntry(proof) {
  if (proof.entry === null) return ["open", { leaf: proof.leaf_hash }];
  const computed = await leafHash(fromBase64(proof.entry));
  if (!equal(computed, fromBase64(proof.leaf_hash))) throw new ProofError(`≠ ${toBase64(computed)}`);
  return ["holds", { leaf: toBase64(computed) }];
}

// From the entry's own hash where it is there, so that nothing is taken on trust that can be computed.
async function checkPath(proof, note) {
  const { size, root } = parseCheckpoint(parseNote(note).text);
  const leaf = proof.entry === null ? fromBase64(proof.leaf_hash) : await leafHash(fromBase64(proof.entry));
  const computed = await rootFromPath(proof.index, size, leaf, proof.hashes.map(fromBase64));
  if (!equal(computed, root)) throw new ProofError(`≠ ${toBase64(computed)}`);
  return ["holds", { root: toBase64(root), size, hashes: proof.hashes.length, index: proof.index }];
}

async function checkSignature(evidence) {
  await verifyCheckpoint(evidence.checkpoint, evidence.vkey);
  return ["holds", {}];
}

export function readEntry(encoded) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(fromBase64(encoded)));
  } catch (error) {
    throw new ProofError(`the entry cannot be read: ${error.message}`);
  }
}

function checkClaims(encoded, claims) {
  if (encoded === null) return ["open", {}];
  const { kind, body } = readEntry(encoded);
  expect("kind", kind, "credits_retired");
  for (const name of ["retirement", "asset", "purpose"]) expect(name, body[name], claims[name]);
  expect("quantity_t", String(body.quantity_t), claims.quantity_t);
  expect("beneficiary", body.beneficiary ?? "", claims.beneficiary);
  expect("transaction", body.transaction, claims.transaction);
  return ["holds", {}];
}

async function checkSerials(encoded, claims) {
  if (encoded === null) return ["open", {}];
  const { kind, body } = readEntry(encoded);
  expect("kind", `${kind} ${body.kind}`, "transaction_posted retirement");
  expect("transaction", body.transaction, claims.transaction);
  expect("occurred_at", body.occurred_at, claims.retired_at);
  expect("transfers", body.transfers.length, 1);
  const [transfer] = body.transfers;
  expect("amount", String(transfer.amount), claims.quantity_t);
  const claimed = JSON.stringify(claims.serials);
  if (transfer.serials) expect("serials", JSON.stringify(transfer.serials), claimed);
  else expect("serials_sha256", transfer.serials_sha256, toHex(await sha256(new TextEncoder().encode(claimed))));
  const tonnes = claims.serials.reduce((sum, [first, last]) => sum + BigInt(last) - BigInt(first) + 1n, 0n);
  expect("tonnes", String(tonnes), claims.quantity_t);
  return ["holds", {}];
}

function expect(what, found, expected) {
  if (found !== expected) throw new ProofError(`${what}: ${found}`);
}
