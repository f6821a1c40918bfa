import { StraitError } from '../../model/errors.ts';

/**
 * A request target as it came over the wire. Segments are split from the raw text and decoded once, one by one:
 * nothing is normalised, so `a//b`, `a%2Fb` and `..x` stay what the client wrote.
 */
export interface Target {
  /** Without the query, undecoded: safe to log. */
  readonly path: string;
  /** Undecoded, without the empty one before the leading slash. */
  readonly segments: readonly string[];
  /** Decoded. Of a repeated parameter the first one counts. */
  readonly query: Query;
  /** Undecoded, for parameters that are repeated on purpose. */
  readonly queryText: string;
}

export type Query = ReadonlyMap<string, string>;

const NO_QUERY: Query = new Map();

/** Accepts origin form (`/path?query`) and absolute form (`http://host/path?query`, which proxies send). */
export function parseTarget(raw: string): Target {
  const relative = raw.startsWith('/') ? raw : raw.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/, '');
  const question = relative.indexOf('?');
  const path = question === -1 ? relative : relative.slice(0, question);
  if (!path.startsWith('/')) throw invalidTarget('The request target must begin with a slash.');
  return {
    path,
    segments: path.slice(1).split('/'),
    query: question === -1 ? NO_QUERY : parseQuery(relative.slice(question + 1)),
    queryText: question === -1 ? '' : relative.slice(question + 1),
  };
}

/** Every value of a parameter, in order. */
export function queryValues({ query, queryText }: Target, name: string): readonly string[] {
  return query.has(name) ? [...queryPairs(queryText)].filter(([key]) => key === name).map(([, value]) => value) : [];
}

export function decodeSegment(raw: string): string {
  return percentDecode(raw, 'path');
}

function parseQuery(text: string): Query {
  const query = new Map<string, string>();
  for (const [key, value] of queryPairs(text)) if (!query.has(key)) query.set(key, value);
  return query;
}

function* queryPairs(text: string): Generator<readonly [key: string, value: string]> {
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = decodeQueryText(equals === -1 ? pair : pair.slice(0, equals));
    yield [key, equals === -1 ? '' : decodeQueryText(pair.slice(equals + 1))];
  }
}

function decodeQueryText(text: string): string {
  return percentDecode(text.includes('+') ? text.replaceAll('+', ' ') : text, 'query');
}

/** `node:http` gives bytes above 0x7f as Latin-1 characters: they are put back as escapes, to be read as UTF-8. */
function percentDecode(text: string, where: 'path' | 'query'): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is "everything that is not ASCII".
  const ascii = /^[\x00-\x7f]*$/.test(text) ? text : text.replace(/[\x80-\xff]/g, (c) => encodeByte(c.charCodeAt(0)));
  if (!ascii.includes('%')) return ascii;
  try {
    return decodeURIComponent(ascii);
  } catch (cause) {
    throw invalidTarget(`The ${where} of the URL is not percent-encoded UTF-8: ${text.slice(0, 200)}`, cause);
  }
}

function encodeByte(byte: number): string {
  return `%${byte.toString(16).padStart(2, '0')}`;
}

function invalidTarget(message: string, cause?: unknown): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { reason: 'invalid' }, { cause });
}
