/** Bytes that differ everywhere, so that a shifted or repeated block shows. */
export function patterned(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 16;
  }
  return bytes;
}

/** The content in chunks; each is its own copy. */
export async function* chunked(content: Uint8Array, chunkBytes = 10_000): AsyncGenerator<Uint8Array, void, void> {
  for (let start = 0; start < content.length; start += chunkBytes) {
    yield Uint8Array.from(content.subarray(start, start + chunkBytes));
  }
}
