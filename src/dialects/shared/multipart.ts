/** Multipart bodies (RFC 2046 §5.1) read as they come, in memory bounded by one chunk and one part head. */
import { StraitError } from '../../model/errors.ts';
import type { RequestHeaders } from './http-message.ts';

export interface MultipartPart {
  readonly headers: RequestHeaders;
  /** To be read to its end before the next part is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Whether the closing delimiter followed; known once `body` has been read to its end. */
  isLast(): boolean;
}

const PART_HEAD_BYTES_MAX = 16 * 1024;
const BOUNDARY_CHARACTERS_MAX = 256;

/**
 * The boundary of a multipart Content-Type. It may be bare, in double quotes, or in the single quotes that gsutil
 * writes around boundaries with `=` in them.
 */
export function parseBoundary(contentType: string | undefined, mediaType: string): string {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (contentType === undefined || type !== mediaType) {
    throw invalidMultipart(`The Content-Type must be ${mediaType} with a boundary.`, 'Content-Type');
  }
  const match = /;\s*boundary\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s;"]+))/i.exec(contentType);
  const boundary = match?.[1]?.replace(/\\(.)/g, '$1') ?? match?.[2] ?? match?.[3] ?? '';
  if (boundary === '' || boundary.length > BOUNDARY_CHARACTERS_MAX) {
    throw invalidMultipart('The multipart Content-Type has no usable boundary.', 'Content-Type');
  }
  return boundary;
}

/**
 * The parts in order. A body that ends before its closing delimiter fails with `invalidArgument`, so that a truncated
 * upload is never taken for a whole one. Line ends are CRLF, or LF alone when the first delimiter line ends so
 * (Python's `email` writes that).
 */
export async function* readParts(source: AsyncIterable<Uint8Array>, boundary: string): AsyncGenerator<MultipartPart> {
  const reader = new PartReader(source, boundary);
  try {
    let isLast = await reader.skipPreamble();
    while (!isLast) {
      const headers = await reader.readHead();
      let isRead = false;
      const body = async function* () {
        yield* reader.readContent();
        isRead = true;
      };
      yield { headers, body: body(), isLast: () => reader.isClosed };
      if (!isRead) await reader.skipContent();
      isLast = reader.isClosed;
    }
  } finally {
    await reader.close();
  }
}

class PartReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #dashBoundary: Buffer;
  #delimiter: Buffer;
  /** Bytes read from the source and not yet used. */
  #held: Buffer = Buffer.alloc(0);
  #isClosed = false;

  constructor(source: AsyncIterable<Uint8Array>, boundary: string) {
    this.#chunks = source[Symbol.asyncIterator]();
    this.#dashBoundary = Buffer.from(`--${boundary}`, 'latin1');
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  }

  /** The closing delimiter has been seen. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  /** Reads up to the end of the first delimiter line; true when it is the closing one. */
  async skipPreamble(): Promise<boolean> {
    let from = 0;
    for (;;) {
      const at = this.#held.indexOf(this.#dashBoundary, from);
      const startsLine = at === 0 || (at > 0 && this.#held[at - 1] === 0x0a);
      if (at !== -1 && startsLine) {
        const end = await this.#delimiterEnd(at + this.#dashBoundary.length);
        if (end !== undefined) {
          const isCrLf = this.#held[end - 2] === 0x0d || this.#isClosed;
          if (!isCrLf) this.#delimiter = this.#delimiter.subarray(1);
          this.#held = this.#held.subarray(end);
          return this.#isClosed;
        }
      }
      from = at === -1 ? Math.max(0, this.#held.length - this.#dashBoundary.length) : at + 1;
      if (at !== -1) continue;
      if (this.#held.length > PART_HEAD_BYTES_MAX) throw invalidMultipart('The multipart body has no first delimiter.');
      await this.#more();
    }
  }

  async readHead(): Promise<RequestHeaders> {
    const headers: Record<string, string> = {};
    let from = 0;
    for (;;) {
      const lineEnd = this.#held.indexOf(0x0a, from);
      if (lineEnd === -1) {
        if (this.#held.length > PART_HEAD_BYTES_MAX) throw invalidMultipart('The head of a part is too large.');
        await this.#more();
        continue;
      }
      const line = this.#held.toString('utf8', from, lineEnd).replace(/\r$/, '');
      from = lineEnd + 1;
      if (line === '') break;
      const colon = line.indexOf(':');
      if (colon < 1) throw invalidMultipart('The head of a part has a line without a name.');
      headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
    }
    // An empty part may have its delimiter right behind the head: the head's own line end introduces it.
    this.#held = this.#held.subarray(from - (this.#held[from - 2] === 0x0d ? 2 : 1));
    this.#skipsLineEnd = true;
    return headers;
  }

  /** The line end that closes the head is still in front of the content, in case the delimiter follows at once. */
  #skipsLineEnd = false;

  async *readContent(): AsyncGenerator<Uint8Array> {
    const search = this.#delimiter;
    let from = 0;
    for (;;) {
      const at = this.#held.indexOf(search, from);
      if (at !== -1) {
        const end = await this.#delimiterEnd(at + search.length);
        if (end !== undefined) {
          const content = this.#withoutHeadEnd(this.#held.subarray(0, at));
          this.#held = this.#held.subarray(end);
          if (content.length > 0) yield content;
          return;
        }
        from = at + 1;
        continue;
      }
      const keep = partialMatch(this.#held, search);
      const ready = this.#held.length - keep;
      if (ready > (this.#skipsLineEnd ? 2 : 0)) {
        const content = this.#withoutHeadEnd(this.#held.subarray(0, ready));
        this.#held = this.#held.subarray(ready);
        if (content.length > 0) yield content;
      }
      from = 0;
      await this.#more();
    }
  }

  async skipContent(): Promise<void> {
    for await (const _ of this.readContent());
  }

  #withoutHeadEnd(content: Buffer): Buffer {
    if (!this.#skipsLineEnd) return content;
    this.#skipsLineEnd = false;
    return content.subarray(content[0] === 0x0d ? 2 : 1);
  }

  /**
   * Where the delimiter whose boundary ends at `at` ends with its line; undefined when what follows shows that it is
   * no delimiter. Sets `isClosed` at the closing one, which needs no line end.
   */
  async #delimiterEnd(at: number): Promise<number | undefined> {
    for (let index = at; ; index += 1) {
      while (this.#held.length <= index) await this.#more();
      const byte = this.#held[index];
      if (byte === 0x0a) return index + 1;
      if (byte === 0x2d && index === at) {
        while (this.#held.length <= at + 1) await this.#more();
        if (this.#held[at + 1] !== 0x2d) return undefined;
        this.#isClosed = true;
        return at + 2;
      }
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return undefined;
    }
  }

  async #more(): Promise<void> {
    const next = await this.#chunks.next();
    if (next.done === true) throw invalidMultipart('The multipart body ends before its closing delimiter.');
    const chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
  }
}

/** How many bytes at the end of `data` may be the beginning of `search`. */
function partialMatch(data: Buffer, search: Buffer): number {
  const longest = Math.min(data.length, search.length - 1);
  for (let length = longest; length > 0; length -= 1) {
    if (data.compare(search, 0, length, data.length - length) === 0) return length;
  }
  return 0;
}

function invalidMultipart(message: string, field?: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, {
    reason: 'parseError',
    ...(field === undefined ? {} : { field }),
  });
}
