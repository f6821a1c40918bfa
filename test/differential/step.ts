/**
 * One request as it is said to both servers. What only a server knows stands in it as a placeholder, which the `Memory`
 * of each server fills in: `<generation 0 a%2Fb 1>` is the last but one generation of `a/b` in the first bucket.
 */
export interface Step {
  /** The method, as the discovery document names it; requests of an upload session are `uploads.…`. */
  readonly method: string;
  /** What is special about it: what a known difference may ask for. */
  readonly traits: readonly string[];
  readonly verb: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or the bytes as latin1 text. */
  readonly body?: string | Readonly<Record<string, unknown>>;
}

const PLACEHOLDER = /<(\w+)((?: [^>\s]+)*)>/g;

/** What one server has told so far, for the requests that follow. */
export class Memory {
  readonly #run: string;
  readonly #generations = new Map<string, string[]>();
  readonly #said = new Map<string, string>();
  readonly #labels = new Map<string, string>();

  /** `run` sets this sequence's buckets apart from every other's. */
  constructor(run: string) {
    this.#run = run;
  }

  /** The text with its placeholders filled in; undefined when the server has not said what one stands for. */
  fill(text: string): string | undefined {
    let isWhole = true;
    const filled = text.replace(PLACEHOLDER, (_, kind: string, args: string) => {
      const value = this.#value(kind, args.trim().split(' '));
      if (value === undefined) isWhole = false;
      return value ?? '';
    });
    return isWhole ? filled : undefined;
  }

  #value(kind: string, args: readonly string[]): string | undefined {
    const [bucket = '0', name = '', back = '0'] = args;
    if (kind === 'bucket') return bucketName(this.#run, bucket);
    if (kind !== 'generation') return this.#said.get([kind, ...args].filter(Boolean).join(' '));
    const known = this.#generations.get(`${bucketName(this.#run, bucket)}/${decodeURIComponent(name)}`) ?? [];
    return known.at(-1 - Number(back));
  }

  /** Keeps what a later request may need. */
  remember(kind: string, value: unknown): void {
    if (typeof value === 'string' && value !== '') this.#said.set(kind, value);
  }

  forget(kind: string): void {
    this.#said.delete(kind);
  }

  sawGeneration(object: string, generation: string): void {
    const known = this.#generations.get(object) ?? [];
    if (!known.includes(generation)) this.#generations.set(object, [...known, generation]);
  }

  /** The text without what sets this sequence apart from others. */
  plain(text: string): string {
    return text.replaceAll(this.#run, 'bucket');
  }

  /** A name for a number that each server chooses freely: the first it showed is `1st`, and so on. */
  label(kind: string, value: string): string {
    const key = `${kind} ${value}`;
    const known = [...this.#labels.keys()].filter((other) => other.startsWith(`${kind} `)).length;
    const label = this.#labels.get(key) ?? `<${kind} ${known + 1}>`;
    this.#labels.set(key, label);
    return label;
  }
}

export function bucketName(run: string, index: string): string {
  return `${run}-${index}`;
}

export interface FilledStep {
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** Undefined: the server has not said what the step needs. */
export function fillStep(step: Step, memory: Memory): FilledStep | undefined {
  const path = memory.fill(step.path);
  const query = fillAll(step.query ?? {}, memory);
  const headers = fillAll(step.headers ?? {}, memory);
  const text = typeof step.body === 'object' ? JSON.stringify(step.body) : step.body;
  const body = text === undefined ? '' : memory.fill(text);
  if (path === undefined || query === undefined || headers === undefined || body === undefined) return undefined;
  const search = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const mark = path.includes('?') ? '&' : '?';
  const isJson = typeof step.body === 'object';
  return {
    target: search.length === 0 ? path : `${path}${mark}${search.join('&')}`,
    headers: isJson ? { 'Content-Type': 'application/json', ...headers } : headers,
    ...(text === undefined ? {} : { body: Buffer.from(body, isJson ? 'utf8' : 'latin1') }),
  };
}

function fillAll(values: Readonly<Record<string, string>>, memory: Memory): Record<string, string> | undefined {
  const filled: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    const text = memory.fill(value);
    if (text === undefined) return undefined;
    filled[name] = text;
  }
  return filled;
}
