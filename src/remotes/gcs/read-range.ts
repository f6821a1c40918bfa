import type { CustomerKey } from '../../model/encryption.ts';
import { StraitError } from '../../model/errors.ts';
import type { ReadRequest } from '../port.ts';
import { TransientFailure } from './backoff.ts';
import { encodeQuery, encodeSegment } from './encode-path.ts';
import { type GcsHttp, type GcsResponse, messageOf } from './gcs-http.ts';

/**
 * Streams one range of one generation. A body that breaks off is asked for again from where it broke; tries count
 * anew whenever bytes have come.
 */
export async function* readRange(
  http: GcsHttp,
  request: ReadRequest,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const { end } = request.range;
  let at = request.range.start;
  for (let failures = 0; at < end; ) {
    try {
      for await (const chunk of bodyFrom(http, request, { at, signal })) {
        yield chunk;
        at += chunk.length;
        failures = 0;
      }
    } catch (error) {
      failures += 1;
      await http.backoff.afterFailure(error, failures, signal);
    }
  }
}

/** One request for `[at, end)`; yields no byte beyond it. */
async function* bodyFrom(
  http: GcsHttp,
  request: ReadRequest,
  { at, signal }: { readonly at: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, void> {
  const { bucket, name, range, customerKey } = request;
  const query = encodeQuery({ alt: 'media', generation: String(request.generation) });
  const path = `/storage/v1/b/${encodeSegment(bucket)}/o/${encodeSegment(name)}${query}`;
  // Accepting gzip is what keeps GCS from decompressing: the bytes come as stored (docs, "Transcoding").
  const headers = {
    range: `bytes=${at}-${range.end - 1}`,
    'accept-encoding': 'gzip',
    ...(customerKey === undefined ? {} : keyHeaders(customerKey)),
  };
  const response = await http.get(path, headers, signal);
  try {
    checkAnswer(response, request, at);
    let left = range.end - at;
    for await (const chunk of bytesOf(response, signal)) {
      if (chunk.length > left) throw new TransientFailure(`${name}: more bytes came than were asked for`);
      left -= chunk.length;
      yield chunk;
    }
    if (left > 0) throw new TransientFailure(`${name}: the body ended ${left} bytes early`);
  } finally {
    response.body.on('error', () => {}).destroy();
  }
}

function keyHeaders({ secret, sha256 }: CustomerKey): Readonly<Record<string, string>> {
  return {
    'x-goog-encryption-algorithm': 'AES256',
    'x-goog-encryption-key': Buffer.from(secret.reveal()).toString('base64'),
    'x-goog-encryption-key-sha256': sha256,
  };
}

async function* bytesOf({ body }: GcsResponse, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* body;
  } catch (error) {
    signal.throwIfAborted();
    throw new TransientFailure(`a body broke off: ${messageOf(error)}`, { cause: error });
  }
}

/** Nothing but the asked range of the asked generation is accepted, whatever the server thinks it is doing. */
function checkAnswer({ status, headers }: GcsResponse, { bucket, name, generation, range }: ReadRequest, at: number) {
  if (status === 404 || status === 304) {
    throw new StraitError('objectNotFound', `gs://${bucket}/${name}#${generation} is gone`, { bucket, object: name });
  }
  const contentRange = headers['content-range'] ?? '';
  const [, start, last, total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/.exec(contentRange) ?? [];
  if (status === 416 || (total !== undefined && range.end > Number(total))) {
    const size = Number(total ?? 0);
    throw new StraitError('rangeNotSatisfiable', `gs://${bucket}/${name} ends before byte ${range.end}`, { size });
  }
  const said = headers['x-goog-generation'];
  if (said !== undefined && said !== String(generation)) {
    throw new TransientFailure(`${name}: generation ${generation} was asked for, ${said} came`);
  }
  if (status === 206) {
    if (Number(start) === at && Number(last) === range.end - 1) return;
    throw new TransientFailure(`${name}: bytes ${at}-${range.end - 1} were asked for, '${contentRange}' came`);
  }
  // A server may answer a range that is the whole object with 200.
  if (status === 200 && at === 0 && Number(headers['content-length']) === range.end) return;
  throw new TransientFailure(`${name}: a range was asked for, ${status} without it came`);
}
