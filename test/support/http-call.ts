import { type IncomingHttpHeaders, request } from 'node:http';

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects are sent as JSON, iterables in chunks. */
  readonly body?: Uint8Array | string | Readonly<Record<string, unknown>> | AsyncIterable<Uint8Array>;
}

export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as JSON; throws when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers freely.
  readonly json: any;
}

/** One HTTP call with the target exactly as given: nothing is encoded, decoded or normalised, nothing redirected. */
export async function httpCall(base: string, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const { body } = options;
  const isJson = typeof body === 'object' && !(body instanceof Uint8Array) && !(Symbol.asyncIterator in body);
  const headers = { ...(isJson ? { 'Content-Type': 'application/json' } : {}), ...options.headers };
  const plain = isJson ? JSON.stringify(body) : body;
  return await new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({
          status: incoming.statusCode ?? 0,
          statusText: incoming.statusMessage ?? '',
          headers: incoming.headers,
          bytes,
          get text() {
            return bytes.toString();
          },
          get json() {
            return JSON.parse(bytes.toString());
          },
        });
      });
    });
    outgoing.on('error', reject);
    if (plain === undefined) outgoing.end();
    else if (typeof plain === 'string' || plain instanceof Uint8Array) outgoing.end(plain);
    else void sendChunks(outgoing, plain as AsyncIterable<Uint8Array>).catch(reject);
  });
}

async function sendChunks(outgoing: ReturnType<typeof request>, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) {
    if (!outgoing.write(chunk)) await new Promise((resolve) => outgoing.once('drain', resolve));
  }
  outgoing.end();
}
