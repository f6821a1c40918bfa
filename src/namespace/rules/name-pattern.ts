/**
 * Regular expressions over names, in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax), for the whole name.
 * They become a state machine, as RE2 makes one: a pattern can make it large, never slow. What RE2 has and this has not
 * is refused when the pattern is set: octal escapes, `\C`, `\Q…\E`, classes such as `[:alpha:]`, names of scripts.
 */
import { StateMachine } from './state-machine.ts';

export interface NamePattern {
  matches(name: string): boolean;
}

/** What a name of 1,024 characters may cost. */
const STATES_MAX = 2_000;
/** As in RE2. */
const REPEATS_MAX = 1_000;

type Node =
  | { readonly kind: 'one'; readonly is: (point: number) => boolean }
  | { readonly kind: 'assert'; readonly holds: (before: number | undefined, after: number | undefined) => boolean }
  | { readonly kind: 'sequence'; readonly nodes: readonly Node[] }
  | { readonly kind: 'either'; readonly options: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly least: number; readonly most: number };

/** Undefined for what is no pattern, and for one that would become too large. */
export function namePattern(pattern: string): NamePattern | undefined {
  try {
    const builder = new Builder();
    const start = builder.build(new Parser(pattern).parse(), 0);
    return { matches: (name) => builder.machine.matches(name, start) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

class Builder {
  readonly machine = new StateMachine();
  #steps = 0;

  build(node: Node, next: number): number {
    this.#steps += 1;
    // Repetitions of nothing take steps and no states.
    if (this.machine.size > STATES_MAX || this.#steps > 4 * STATES_MAX) throw new SyntaxError('too large');
    switch (node.kind) {
      case 'one':
        return this.machine.add({ kind: 'read', is: node.is, next });
      case 'assert':
        return this.machine.add({ kind: 'assert', holds: node.holds, next });
      case 'sequence':
        return node.nodes.reduceRight((following, part) => this.build(part, following), next);
      case 'either':
        return this.machine.add({ kind: 'fork', next: node.options.map((option) => this.build(option, next)) });
      case 'repeat':
        return this.#repeat(node, next);
    }
  }

  #repeat({ node, least, most }: Extract<Node, { kind: 'repeat' }>, next: number): number {
    let start = next;
    if (most === Number.POSITIVE_INFINITY) start = this.machine.loop(next, (again) => this.build(node, again));
    for (let count = least; count < most && most !== Number.POSITIVE_INFINITY; count += 1) {
      start = this.machine.add({ kind: 'fork', next: [next, this.build(node, start)] });
    }
    for (let count = 0; count < least; count += 1) start = this.build(node, start);
    return start;
  }
}

const ATOMS_OF_SPACE = '\\t\\n\\f\\r ';
const isWord = (point: number | undefined) => point !== undefined && /\w/.test(String.fromCodePoint(point));
const isStart = (before: number | undefined) => before === undefined;
const isEnd = (_: number | undefined, after: number | undefined) => after === undefined;
const isBoundary = (before: number | undefined, after: number | undefined) => isWord(before) !== isWord(after);
const EMPTY: Node = { kind: 'sequence', nodes: [] };
/** Names have no line breaks: a dot is any character, and lines are the whole. */
const ASSERTIONS: Readonly<Record<string, Node>> = {
  '^': { kind: 'assert', holds: isStart },
  $: { kind: 'assert', holds: isEnd },
  A: { kind: 'assert', holds: isStart },
  z: { kind: 'assert', holds: isEnd },
  b: { kind: 'assert', holds: isBoundary },
  B: { kind: 'assert', holds: (before, after) => !isBoundary(before, after) },
};

class Parser {
  readonly #points: readonly string[];
  #at = 0;
  #ignoresCase = false;

  constructor(pattern: string) {
    this.#points = [...pattern];
  }

  parse(): Node {
    const node = this.#options();
    if (this.#at < this.#points.length) throw new SyntaxError('an unopened group');
    return node;
  }

  /** Flags hold to the end of their group. */
  #options(): Node {
    const ignoresCase = this.#ignoresCase;
    const options = [this.#sequence()];
    while (this.#take('|')) options.push(this.#sequence());
    this.#ignoresCase = ignoresCase;
    return options.length === 1 ? (options[0] ?? EMPTY) : { kind: 'either', options };
  }

  #sequence(): Node {
    const nodes: Node[] = [];
    for (let point = this.#peek(); point !== undefined && point !== '|' && point !== ')'; point = this.#peek()) {
      nodes.push(this.#repeated(this.#atom()));
    }
    return { kind: 'sequence', nodes };
  }

  #repeated(node: Node): Node {
    const bounds = this.#bounds();
    if (bounds === undefined) return node;
    const [least, most] = bounds;
    const isBounded = most === Number.POSITIVE_INFINITY || most <= REPEATS_MAX;
    if (least > most || least > REPEATS_MAX || !isBounded) throw new SyntaxError('bad repetition');
    // Whether a match is as short as can be does not matter to whether there is one.
    this.#take('?');
    if (this.#bounds() !== undefined) throw new SyntaxError('a repetition of a repetition');
    return { kind: 'repeat', node, least, most };
  }

  #bounds(): readonly [least: number, most: number] | undefined {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#take('?')) return [0, 1];
    const [text, least, comma, most] = this.#match(/^\{(\d{1,4})(,?)(\d{0,4})\}/) ?? [];
    if (text === undefined || (comma === '' && most !== '')) return undefined;
    this.#at += text.length;
    if (comma === '') return [Number(least), Number(least)];
    return [Number(least), most === '' ? Number.POSITIVE_INFINITY : Number(most)];
  }

  #atom(): Node {
    const point = this.#next();
    switch (point) {
      case '*':
      case '+':
      case '?':
        throw new SyntaxError('nothing to repeat');
      case '.':
        return { kind: 'one', is: () => true };
      case '^':
      case '$':
        return ASSERTIONS[point] ?? EMPTY;
      case '(':
        return this.#group();
      case '[':
        return this.#class();
      case '\\': {
        const assertion = ASSERTIONS[this.#peek() ?? ''];
        if (assertion === undefined || /[$^]/.test(this.#peek() ?? '')) return this.#oneOf(this.#escape());
        this.#at += 1;
        return assertion;
      }
      default:
        return this.#literal(point);
    }
  }

  #literal(point: string): Node {
    const code = point.codePointAt(0);
    return this.#ignoresCase ? this.#oneOf(quoted(point)) : { kind: 'one', is: (one) => one === code };
  }

  #group(): Node {
    const [opening = ''] = this.#match(/^\?P?<\w+>/) ?? [];
    this.#at += opening.length;
    const [flags, on = '', off = '', end] =
      opening === '' ? (this.#match(/^\?([imsU]*)(?:-([imsU]+))?([:)])/) ?? []) : [];
    if (flags === undefined) {
      if (this.#peek() === '?') throw new SyntaxError('not a group');
      return this.#ended(this.#options());
    }
    this.#at += flags.length;
    const ignoresCase = off.includes('i') ? false : on.includes('i') || this.#ignoresCase;
    const outside = this.#ignoresCase;
    this.#ignoresCase = ignoresCase;
    if (end === ')') return EMPTY;
    const node = this.#ended(this.#options());
    this.#ignoresCase = outside;
    return node;
  }

  #ended(node: Node): Node {
    if (!this.#take(')')) throw new SyntaxError('an unended group');
    return node;
  }

  #class(): Node {
    let text = this.#take('^') ? '[^' : '[';
    // A bracket that comes first stands for itself.
    for (let isFirst = true; isFirst || this.#peek() !== ']'; isFirst = false) {
      const point = this.#next();
      if (point === '[' && this.#peek() === ':') throw new SyntaxError('a named class');
      if (point === '\\') text += this.#escape(true);
      else text += point === '-' ? point : quoted(point);
    }
    this.#at += 1;
    return this.#oneOf(`${text}]`);
  }

  /** An escape as JavaScript writes it, of one character. */
  #escape(isInClass = false): string {
    const [hex, short, long] = this.#match(/^x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/) ?? [];
    if (hex !== undefined) {
      this.#at += hex.length;
      return `\\u{${short ?? long}}`;
    }
    const [category, letter, caret, ...names] = this.#match(/^([pP])(?:\{(\^?)([A-Z][a-z]?)\}|([A-Z]))/) ?? [];
    if (category !== undefined) {
      this.#at += category.length;
      return `\\${(letter === 'P') === (caret === '^') ? 'p' : 'P'}{${names.join('')}}`;
    }
    const point = this.#next();
    if (point === 's') return isInClass ? ATOMS_OF_SPACE : `[${ATOMS_OF_SPACE}]`;
    if (point === 'S' && !isInClass) return `[^${ATOMS_OF_SPACE}]`;
    if (point === 'a') return '\\u{7}';
    if (/[dDwWtnrfv]/.test(point)) return `\\${point}`;
    if (/[!-/:-@[-`{-~]/.test(point)) return quoted(point);
    throw new SyntaxError('an unknown escape');
  }

  /** One character of those an expression of JavaScript stands for. Fails when it is none. */
  #oneOf(expression: string): Node {
    const one = new RegExp(`^${expression}$`, this.#ignoresCase ? 'iu' : 'u');
    return { kind: 'one', is: (point) => one.test(String.fromCodePoint(point)) };
  }

  #match(expression: RegExp): RegExpExecArray | null {
    return expression.exec(this.#points.slice(this.#at, this.#at + 64).join(''));
  }

  #peek(): string | undefined {
    return this.#points[this.#at];
  }

  #take(point: string): boolean {
    if (this.#peek() !== point) return false;
    this.#at += 1;
    return true;
  }

  #next(): string {
    const point = this.#peek();
    if (point === undefined) throw new SyntaxError('it ends too early');
    this.#at += 1;
    return point;
  }
}

/** A character that stands for itself, within brackets or not. */
function quoted(point: string): string {
  return `\\u{${(point.codePointAt(0) ?? 0).toString(16)}}`;
}
