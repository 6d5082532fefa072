/** Yields every way a network could deliver `bytes` in two pieces, then byte by byte. */
export function* anySplit(bytes: Uint8Array): Generator<Uint8Array[]> {
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
  yield Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}

/** Yields every proper prefix of `bytes`, the empty one first. */
export function* everyPrefix(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) yield bytes.subarray(0, at);
}
