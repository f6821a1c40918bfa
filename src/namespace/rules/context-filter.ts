import { StraitError } from '../../model/errors.ts';
import type { ObjectContexts } from '../../model/object.ts';

/**
 * The `filter` of listings: conditions on the contexts of an object
 * (https://cloud.google.com/storage/docs/listing-objects#filter-by-object-contexts):
 *
 *     contexts."KEY":*          contexts."KEY"="VALUE"          contexts:"KEY"
 *
 * each of which `-` or `NOT` turns round, and `AND` joins. Keys and values without special characters need no quotes.
 */
export type ContextFilter = (contexts: ObjectContexts | undefined) => boolean;

interface Token {
  readonly kind: 'word' | 'quoted' | 'sign';
  readonly text: string;
}

const FILTER_LENGTH_MAX = 4_096;
const TOKEN = /\s*(?:"((?:[^"\\]|\\.)*)"|([:=.*-])|([^\s"':=.*\\/-][^\s"':=.*\\/]*))/uy;

export function parseContextFilter(filter: string): ContextFilter {
  if (filter.length > FILTER_LENGTH_MAX) throw malformed(filter);
  return new Parser(filter).parse();
}

class Parser {
  readonly #filter: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(filter: string) {
    this.#filter = filter;
    this.#tokens = tokensOf(filter);
  }

  parse(): ContextFilter {
    const terms = [this.#term()];
    while (this.#at < this.#tokens.length) {
      this.#expect('word', 'AND');
      terms.push(this.#term());
    }
    return (contexts) => terms.every((term) => term(contexts));
  }

  #term(): ContextFilter {
    const isNegated = this.#takes('sign', '-') || this.#takes('word', 'NOT');
    this.#expect('word', 'contexts');
    const condition = this.#takes('sign', ':') ? has(this.#name()) : this.#comparison();
    return (contexts) => condition(contexts) !== isNegated;
  }

  /** Of one key: whether it is there, or what its value is. */
  #comparison(): ContextFilter {
    this.#expect('sign', '.');
    const key = this.#name();
    if (this.#takes('sign', '=')) {
      const value = this.#name();
      return (contexts) => contextOf(contexts, key)?.value === value;
    }
    this.#expect('sign', ':');
    this.#expect('sign', '*');
    return has(key);
  }

  #name(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.kind === 'sign') throw malformed(this.#filter);
    this.#at += 1;
    return token.text;
  }

  #takes(kind: Token['kind'], text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== kind || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #expect(kind: Token['kind'], text: string): void {
    if (!this.#takes(kind, text)) throw malformed(this.#filter);
  }
}

function tokensOf(filter: string): readonly Token[] {
  const tokens: Token[] = [];
  const text = filter.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const found = TOKEN.exec(text);
    if (found === null) throw malformed(filter);
    const [, quoted, sign, word = ''] = found;
    if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted.replace(/\\(.)/gu, '$1') });
    else tokens.push(sign === undefined ? { kind: 'word', text: word } : { kind: 'sign', text: sign });
  }
  return tokens;
}

function has(key: string): ContextFilter {
  return (contexts) => contextOf(contexts, key) !== undefined;
}

function contextOf(contexts: ObjectContexts | undefined, key: string) {
  return contexts !== undefined && Object.hasOwn(contexts, key) ? contexts[key] : undefined;
}

function malformed(filter: string): StraitError<'invalidArgument'> {
  const forms = 'contexts."key"="value" or contexts."key":*';
  const message = `Invalid filter: '${filter.slice(0, 100)}'. Conditions look like ${forms}.`;
  return new StraitError('invalidArgument', message, { field: 'filter' });
}
