import { StraitError } from '../../model/errors.ts';

/** The first `length` bytes; the rest is left to be swallowed. */
export async function* upTo(source: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let left = length;
  for await (const chunk of source) {
    if (chunk.length >= left) {
      yield chunk.subarray(0, left);
      return;
    }
    left -= chunk.length;
    yield chunk;
  }
}

/**
 * A source that must have `length` bytes. Its last bytes are held back until it has ended, so that a longer one fails
 * before whoever counts has them all; a shorter one just ends.
 */
export async function* exactly(source: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let left = length;
  let last: Uint8Array | undefined;
  for await (const chunk of source) {
    if (chunk.length > left) {
      const message = `The request body is longer than the ${length} bytes that Content-Range speaks of.`;
      throw new StraitError('invalidArgument', message, { field: 'Content-Range' });
    }
    left -= chunk.length;
    if (last !== undefined) yield last;
    last = chunk;
  }
  if (last !== undefined) yield last;
}
