import { StraitError } from '../../model/errors.ts';
import type { Operation } from '../../model/operation.ts';

/**
 * Filters of operations.list (https://google.aip.dev/160): restrictions `field comparator value` joined by AND (also
 * by white space), OR, which binds tighter, NOT or `-`, and parentheses. Pure.
 */
export type OperationFilter = (operation: Operation) => boolean;

type Value = string | number | boolean | undefined;

/** What may be asked for, under its snake-case name. Times are compared as times. */
const FIELDS: Readonly<Record<string, { readonly of: (operation: Operation) => Value; readonly isTime?: true }>> = {
  name: { of: ({ bucket, id }) => `projects/_/buckets/${bucket}/operations/${id}` },
  done: { of: ({ outcome }) => outcome !== undefined },
  type: { of: ({ kind }) => operationType(kind) },
  requested_cancellation: { of: ({ isCancelRequested }) => isCancelRequested },
  progress_percent: { of: ({ progressPercent }) => progressPercent },
  create_time: { of: ({ createdMs }) => createdMs, isTime: true },
  update_time: { of: ({ updatedMs }) => updatedMs, isTime: true },
  complete_time: { of: ({ endedMs }) => endedMs, isTime: true },
  end_time: { of: ({ endedMs }) => endedMs, isTime: true },
};

/** The type as clients see and filter it: `rename-folder`. */
export function operationType(kind: string): string {
  return kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export const OPERATION_FILTER_BYTES_MAX = 4 * 1024;
const DEPTH_MAX = 20;

/** `invalidArgument` for what is no filter of operations. An empty text accepts everything. */
export function parseOperationFilter(text: string): OperationFilter {
  if (Buffer.byteLength(text) > OPERATION_FILTER_BYTES_MAX) {
    throw invalidFilter(`it has more than ${OPERATION_FILTER_BYTES_MAX} bytes`);
  }
  const reader = new TokenReader(tokensOf(text));
  if (reader.peek() === undefined) return () => true;
  const accepts = readExpression(reader, 0);
  const rest = reader.next();
  if (rest !== undefined) throw invalidFilter(`'${rest.text}' is not expected`);
  return accepts;
}

interface Token {
  readonly kind: 'word' | 'quoted' | 'comparator' | 'open' | 'close' | 'minus';
  readonly text: string;
}

/** One alternative per kind of token; a time is one word though it has colons. */
const TOKENS: readonly (readonly [kind: Token['kind'], pattern: string])[] = [
  ['comparator', '<=|>=|!=|[<>=:]'],
  ['open', '\\('],
  ['close', '\\)'],
  ['quoted', '"(?:[^"\\\\]|\\\\.)*"|\'(?:[^\'\\\\]|\\\\.)*\''],
  ['minus', '-(?=[A-Za-z_(])'],
  ['word', '\\d{4}-\\d\\d-\\d\\dT[\\d:.]+(?:Z|[+-][\\d:]+)|[^\\s()<>=!:"\']+'],
];
const TOKEN = new RegExp(`\\s*(?:${TOKENS.map(([kind, pattern]) => `(?<${kind}>${pattern})`).join('|')})`, 'y');

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  const trimmed = text.trimEnd();
  while (pattern.lastIndex < trimmed.length) {
    const at = pattern.lastIndex;
    const groups = pattern.exec(trimmed)?.groups;
    const found = TOKENS.find(([kind]) => groups?.[kind] !== undefined);
    if (groups === undefined || found === undefined) throw invalidFilter(`it cannot be read at character ${at + 1}`);
    const matched = groups[found[0]] ?? '';
    const isQuoted = found[0] === 'quoted';
    tokens.push({ kind: found[0], text: isQuoted ? matched.slice(1, -1).replace(/\\(.)/g, '$1') : matched });
  }
  return tokens;
}

class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  next(): Token | undefined {
    const token = this.peek();
    this.#at += 1;
    return token;
  }

  /** Takes the next token when it is this keyword. */
  takes(keyword: 'AND' | 'OR' | 'NOT'): boolean {
    const token = this.peek();
    if (token?.kind !== 'word' || token.text !== keyword) return false;
    this.#at += 1;
    return true;
  }
}

function readExpression(reader: TokenReader, depth: number): OperationFilter {
  if (depth > DEPTH_MAX) throw invalidFilter(`it is nested more than ${DEPTH_MAX} deep`);
  const all = [readFactor(reader, depth)];
  for (let token = reader.peek(); token !== undefined && token.kind !== 'close'; token = reader.peek()) {
    reader.takes('AND');
    all.push(readFactor(reader, depth));
  }
  return (operation) => all.every((accepts) => accepts(operation));
}

function readFactor(reader: TokenReader, depth: number): OperationFilter {
  const any = [readTerm(reader, depth)];
  while (reader.takes('OR')) any.push(readTerm(reader, depth));
  return (operation) => any.some((accepts) => accepts(operation));
}

function readTerm(reader: TokenReader, depth: number): OperationFilter {
  const isMinus = reader.peek()?.kind === 'minus';
  if (isMinus) reader.next();
  if (isMinus || reader.takes('NOT')) {
    const accepts = readSimple(reader, depth);
    return (operation) => !accepts(operation);
  }
  return readSimple(reader, depth);
}

function readSimple(reader: TokenReader, depth: number): OperationFilter {
  const first = reader.next();
  if (first?.kind === 'open') {
    const accepts = readExpression(reader, depth + 1);
    if (reader.next()?.kind !== 'close') throw invalidFilter("a ')' is missing");
    return accepts;
  }
  if (first?.kind !== 'word') throw invalidFilter(`a field is expected, not '${first?.text ?? 'its end'}'`);
  const comparator = reader.peek();
  if (comparator?.kind !== 'comparator') {
    throw invalidFilter(`'${first.text}' needs a comparator and a value, such as 'done = true'`);
  }
  reader.next();
  const value = reader.next();
  if (value === undefined || (value.kind !== 'word' && value.kind !== 'quoted')) {
    throw invalidFilter(`a value is expected after '${first.text} ${comparator.text}'`);
  }
  return restriction(first.text, comparator.text, value.text);
}

function restriction(path: string, comparator: string, text: string): OperationFilter {
  const name = fieldName(path);
  const field = FIELDS[name];
  if (field === undefined) {
    throw invalidFilter(`operations have no field '${path}'; they have ${Object.keys(FIELDS).join(', ')}`);
  }
  if (comparator === ':' && text === '*') return (operation) => field.of(operation) !== undefined;
  const wanted = field.isTime === true ? timeOf(name, text) : text;
  return (operation) => {
    const actual = field.of(operation);
    if (actual === undefined) return comparator === '!=';
    return holds(comparator, compare(actual, wanted), comparator === ':' && isPart(actual, text));
  };
}

/** `metadata.commonMetadata.createTime` and `create_time` are one field. */
function fieldName(path: string): string {
  const last = path.replace(/^metadata\.((common_metadata|commonMetadata)\.)?/, '');
  return last.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function timeOf(name: string, text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw invalidFilter(`${name} is compared with a time such as "2026-01-31T00:00:00Z"`);
  return time;
}

/** Below 0, 0 or above 0; NaN when the two cannot be compared. */
function compare(actual: Exclude<Value, undefined>, wanted: string | number): number {
  if (typeof actual === 'number') return actual - Number(wanted);
  const text = String(actual);
  const other = typeof actual === 'boolean' ? String(wanted).toLowerCase() : String(wanted);
  return text === other ? 0 : text < other ? -1 : 1;
}

function isPart(actual: Exclude<Value, undefined>, text: string): boolean {
  return typeof actual === 'string' && actual.includes(text);
}

function holds(comparator: string, order: number, isPart: boolean): boolean {
  switch (comparator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      return order === 0 || isPart;
  }
}

function invalidFilter(problem: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', `Invalid filter: ${problem}.`, { field: 'filter' });
}
