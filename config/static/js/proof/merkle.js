// The hash tree of RFC 6962 and RFC 9162, as far as it takes to check that a record is in it.

import { ProofError, concat, equal, sha256 } from "./bytes.js";

const HASH_BYTES = 32;

/** Return the hash of a leaf. Source: RFC 9162 §2.1.1. */
export function leafHash(entry) {
  return sha256(concat([0x00], entry));
}

/** Return the hash of an inner node. Source: RFC 9162 §2.1.1. */
export function nodeHash(left, right) {
  return sha256(concat([0x01], left, right));
}

/**
 * Return the root that a path of hashes leads to from a leaf. Source: RFC 9162 §2.1.3.2.
 *
 * Places and sizes may pass what a Number keeps exactly, and are given as Number, BigInt or text in digits.
 */
export async function rootFromPath(index, size, leaf, path) {
  let fn = BigInt(index);
  let sn = BigInt(size) - 1n;
  if (fn < 0n || fn > sn) throw new ProofError("the tree has no such leaf");
  if ([leaf, ...path].some((hash) => hash.length !== HASH_BYTES)) throw new ProofError("a hash has 32 bytes");
  let root = leaf;
  for (const hash of path) {
    if (sn === 0n) throw new ProofError("the path is too long");
    if (fn & 1n || fn === sn) {
      root = await nodeHash(hash, root);
      while (!(fn & 1n) && fn) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      root = await nodeHash(root, hash);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  if (sn) throw new ProofError("the path is too short");
  return root;
}

/** Refuse a path that does not lead from the leaf to this root. */
export async function verifyInclusion(index, size, leaf, path, root) {
  if (!equal(await rootFromPath(index, size, leaf, path), root)) throw new ProofError("the path leads to another root");
}
