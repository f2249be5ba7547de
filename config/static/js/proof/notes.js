// Signed notes, checkpoints and verifier keys, as C2SP specifies them (signed-note, tlog-checkpoint).

import { ProofError, concat, equal, fromBase64, sha256, toHex } from "./bytes.js";

const ED25519 = 1;
const KEY_ID_BYTES = 4;
const encoder = new TextEncoder();

/** The browser has no Ed25519 in WebCrypto: nothing is wrong with the signature, it was not checked. */
export class NoEd25519 extends Error {}

/** Return the text of a note and its signature lines, none of them checked yet. */
export function parseNote(note) {
  const end = note.lastIndexOf("\n\n");
  if (end < 0 || !note.endsWith("\n") || /[\x00-\x09\x0b-\x1f]/.test(note)) {
    throw new ProofError("a note is text, an empty line, and signature lines");
  }
  const lines = note.slice(end + 2, -1).split("\n");
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line) {
  const parts = line.split(" ");
  if (parts.length !== 3 || parts[0] !== "\u2014") throw new ProofError("a signature line is — name base64");
  const raw = fromBase64(parts[2]);
  if (raw.length <= KEY_ID_BYTES) throw new ProofError("a signature is too short");
  return { name: parts[1], keyId: raw.slice(0, KEY_ID_BYTES), signature: raw.slice(KEY_ID_BYTES) };
}

/** Return what a checkpoint's text says: origin, size (a BigInt) and root. */
export function parseCheckpoint(text) {
  const [origin, size, root] = text.split("\n");
  if (!origin || root === undefined || !/^(0|[1-9][0-9]{0,19})$/.test(size)) {
    throw new ProofError("a checkpoint is origin, size and root, a line each");
  }
  const hash = fromBase64(root);
  if (hash.length !== 32) throw new ProofError("a checkpoint's root has 32 bytes");
  return { origin, size: BigInt(size), root: hash };
}

/** Return name, key id and public key of a verifier key; its id must be that of its key. */
export async function decodeVkey(vkey) {
  const [, name, hexId, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  if (!name) throw new ProofError("a verifier key is name+keyid+base64");
  const raw = fromBase64(encoded);
  if (raw.length !== 33 || raw[0] !== ED25519) throw new ProofError("the key is not of Ed25519");
  const keyId = (await sha256(concat(encoder.encode(`${name}\n`), raw))).slice(0, KEY_ID_BYTES);
  if (toHex(keyId) !== hexId) throw new ProofError("the key's id is not of its key");
  return { name, keyId, publicKey: raw.slice(1) };
}

/** Refuse a checkpoint that the log's key has not signed. */
export async function verifyCheckpoint(note, vkey) {
  const key = await decodeVkey(vkey);
  const { text, signatures } = parseNote(note);
  if (parseCheckpoint(text).origin !== key.name) throw new ProofError("the checkpoint is of another log than the key");
  const own = signatures.find((line) => line.name === key.name && equal(line.keyId, key.keyId));
  if (!own) throw new ProofError("the note has no signature of this key");
  const holds = await crypto.subtle.verify("Ed25519", await importKey(key), own.signature, encoder.encode(text));
  if (!holds) throw new ProofError("the signature does not hold");
}

async function importKey(key) {
  try {
    return await crypto.subtle.importKey("raw", key.publicKey, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    if (error.name === "NotSupportedError") throw new NoEd25519();
    throw new ProofError("the key is no point of the curve");
  }
}
