import { createGunzip } from 'node:zlib';
import { StraitError } from '../../model/errors.ts';
import type { HttpRequest } from './http-message.ts';

/** Reads a body whole. `payloadTooLarge` beyond `limitBytes`, which counts unpacked bytes. */
export async function readBody(request: HttpRequest, limitBytes: number): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limitBytes) throw tooLarge(limitBytes);
  return await collect(unpackedBody(request), limitBytes);
}

/** Gathers a stream into one buffer of at most `limitBytes`. */
export async function collect(source: AsyncIterable<Uint8Array>, limitBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limitBytes) throw tooLarge(limitBytes);
    chunks.push(chunk);
  }
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return Buffer.from(only.buffer, only.byteOffset, only.byteLength);
  return Buffer.concat(chunks, size);
}

/**
 * The body without its transfer compression: Java clients gzip JSON bodies, gsutil -J and gcloud --gzip-in-flight gzip
 * media. What is stored is the unpacked form.
 */
export function unpackedBody(request: HttpRequest): AsyncIterable<Uint8Array> {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase();
  if (encoding === undefined || encoding === '' || encoding === 'identity') return request.body;
  if (encoding === 'gzip' || encoding === 'x-gzip') return gunzip(request.body);
  throw new StraitError('invalidArgument', `Content-Encoding "${encoding}" is not supported in requests; use gzip.`, {
    field: 'Content-Encoding',
  });
}

async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* gunzipStream(source);
  } catch (cause) {
    if (!isZlibError(cause)) throw cause;
    throw new StraitError('invalidArgument', 'The request body is not valid gzip.', { field: 'body' }, { cause });
  }
}

/** Unpacks gzip as it comes, in bounded memory. Errors of `source` and of zlib come out as they are. */
export async function* gunzipStream(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const unpacker = createGunzip();
  const feeding = feed(source, unpacker);
  // The failure is rethrown below; until then it must not count as unhandled.
  feeding.catch(() => {});
  try {
    for await (const chunk of unpacker) yield chunk as Buffer;
    await feeding;
  } finally {
    unpacker.destroy();
  }
}

async function feed(source: AsyncIterable<Uint8Array>, unpacker: ReturnType<typeof createGunzip>): Promise<void> {
  try {
    for await (const chunk of source) {
      if (unpacker.destroyed) return;
      if (!unpacker.write(chunk)) await drained(unpacker);
    }
    unpacker.end();
  } catch (error) {
    unpacker.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

function drained(unpacker: ReturnType<typeof createGunzip>): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      unpacker.off('drain', done).off('close', done);
      resolve();
    };
    unpacker.on('drain', done).on('close', done);
  });
}

export function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^Z_/.test(error.code);
}

function tooLarge(limitBytes: number): StraitError<'payloadTooLarge'> {
  return new StraitError('payloadTooLarge', `The request body is larger than ${limitBytes} bytes.`, { limitBytes });
}
