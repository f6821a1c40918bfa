import { StraitError } from '../../model/errors.ts';
import { StateMachine } from './state-machine.ts';

/**
 * Glob patterns of listings (https://cloud.google.com/storage/docs/json_api/v1/objects/list, "using glob"): `*` and `?`
 * stand for characters within a folder, `**` for any; `[a-z]` and `[!a-z]` for one character, `{a,b}` for either
 * pattern, and a backslash takes the next character for itself. A leading or inner folder `**` may be empty too.
 *
 * A pattern becomes a state machine that reads a name once, whatever the pattern.
 */
export interface Glob {
  /** What every name that matches starts with. */
  readonly literalPrefix: string;
  matches(name: string): boolean;
  /** What matching has cost so far: whoever matches many names bounds it. */
  readonly steps: number;
}

const PATTERN_LENGTH_MAX = 1_024;

type Node =
  | { readonly kind: 'one'; readonly is: (point: number) => boolean; readonly literal?: string }
  | { readonly kind: 'many'; readonly is: (point: number) => boolean }
  /** Whole folders, or none. */
  | { readonly kind: 'folders' }
  | { readonly kind: 'either'; readonly options: readonly (readonly Node[])[] };

/** `invalidArgument` for a pattern that does not end what it begins. */
export function parseGlob(pattern: string): Glob {
  if (pattern.length > PATTERN_LENGTH_MAX) {
    throw malformed(`a glob pattern has at most ${PATTERN_LENGTH_MAX} characters`);
  }
  const nodes = new Parser(pattern).parse();
  const machine = new Machine(nodes);
  return {
    literalPrefix: literalPrefixOf(nodes),
    matches: (name) => machine.matches(name),
    get steps() {
      return machine.steps;
    },
  };
}

const SLASH = 0x2f;
const isAny = () => true;
const isInFolder = (point: number) => point !== SLASH;

class Parser {
  readonly #points: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    this.#points = [...pattern];
  }

  parse(): readonly Node[] {
    return this.#sequence(false);
  }

  /** Up to the end, or within braces to the comma or brace that ends the option. */
  #sequence(isOption: boolean): readonly Node[] {
    const nodes: Node[] = [];
    for (;;) {
      const point = this.#points[this.#at];
      if (point === undefined || (isOption && (point === ',' || point === '}'))) return nodes;
      this.#at += 1;
      nodes.push(this.#node(point));
    }
  }

  #node(point: string): Node {
    switch (point) {
      case '*':
        return this.#star();
      case '?':
        return { kind: 'one', is: isInFolder };
      case '[':
        return this.#set();
      case '{':
        return this.#options();
      case '\\':
        return literal(this.#next('a glob pattern ends in a backslash'));
      default:
        return literal(point);
    }
  }

  #star(): Node {
    if (this.#points[this.#at] !== '*') return { kind: 'many', is: isInFolder };
    const isFolderStart = this.#at === 1 || this.#points[this.#at - 2] === '/';
    while (this.#points[this.#at] === '*') this.#at += 1;
    if (!isFolderStart || this.#points[this.#at] !== '/') return { kind: 'many', is: isAny };
    this.#at += 1;
    return { kind: 'folders' };
  }

  #set(): Node {
    const unended = "a glob pattern has '[' without ']'";
    const isNegated = this.#points[this.#at] === '!' || this.#points[this.#at] === '^';
    if (isNegated) this.#at += 1;
    const ranges: [least: number, most: number][] = [];
    // A bracket that comes first stands for itself.
    for (let isFirst = true; isFirst || this.#points[this.#at] !== ']'; isFirst = false) {
      const least = this.#member(unended);
      const isRange = this.#points[this.#at] === '-' && this.#points[this.#at + 1] !== ']';
      if (!isRange) ranges.push([least, least]);
      else {
        this.#at += 1;
        ranges.push([least, this.#member(unended)]);
      }
    }
    this.#at += 1;
    const isMember = (point: number) => ranges.some(([least, most]) => least <= point && point <= most);
    return { kind: 'one', is: (point) => point !== SLASH && isMember(point) !== isNegated };
  }

  #member(unended: string): number {
    const point = this.#next(unended);
    return codeOf(point === '\\' ? this.#next(unended) : point);
  }

  #options(): Node {
    const options: (readonly Node[])[] = [];
    for (let end = ','; end === ','; ) {
      options.push(this.#sequence(true));
      end = this.#next("a glob pattern has '{' without '}'");
    }
    return { kind: 'either', options };
  }

  #next(problem: string): string {
    const point = this.#points[this.#at];
    if (point === undefined) throw malformed(problem);
    this.#at += 1;
    return point;
  }
}

function literal(point: string): Node {
  const code = codeOf(point);
  return { kind: 'one', is: (one) => one === code, literal: point };
}

function codeOf(point: string): number {
  return point.codePointAt(0) ?? 0;
}

function literalPrefixOf(nodes: readonly Node[]): string {
  let prefix = '';
  for (const node of nodes) {
    if (node.kind !== 'one' || node.literal === undefined) break;
    prefix += node.literal;
  }
  return prefix;
}

class Machine {
  readonly #machine = new StateMachine();
  readonly #start: number;

  constructor(nodes: readonly Node[]) {
    this.#start = this.#sequence(nodes, 0);
  }

  get steps(): number {
    return this.#machine.steps;
  }

  matches(name: string): boolean {
    return this.#machine.matches(name, this.#start);
  }

  #sequence(nodes: readonly Node[], next: number): number {
    return nodes.reduceRight((following, node) => this.#node(node, following), next);
  }

  #node(node: Node, next: number): number {
    const machine = this.#machine;
    switch (node.kind) {
      case 'one':
        return machine.add({ kind: 'read', is: node.is, next });
      case 'many':
        return this.#many(node.is, next);
      case 'folders': {
        const slash = machine.add({ kind: 'read', is: (point) => point === SLASH, next });
        return machine.add({ kind: 'fork', next: [next, this.#many(isAny, slash)] });
      }
      case 'either':
        return machine.add({ kind: 'fork', next: node.options.map((option) => this.#sequence(option, next)) });
    }
  }

  #many(is: (point: number) => boolean, next: number): number {
    return this.#machine.loop(next, (again) => this.#machine.add({ kind: 'read', is, next: again }));
  }
}

function malformed(message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', `Invalid glob pattern: ${message}.`, { field: 'matchGlob' });
}
