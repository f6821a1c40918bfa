/**
 * Avro decoding (spec 1.11, "Binary Encoding"). A schema is compiled once into a reader of the wanted fields and a
 * skipper of the rest. Longs are exact (bigint). Every length and count is checked against the bytes that are left, so
 * that a damaged file costs an error and never the process: a declared count of 2^40 items must not be believed.
 */

export class AvroError extends Error {
  override readonly name = 'AvroError';
}

/** Which fields to decode: `true` is everything below. */
export type Projection = true | { readonly [field: string]: Projection };

/** null, boolean, number (int, float, double), bigint (long), string (and enum), Uint8Array, array, Map, record. */
export type AvroValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly AvroValue[]
  | ReadonlyMap<string, AvroValue>
  | AvroRecord;
/** A record without prototype; fields outside the projection are absent. */
export interface AvroRecord {
  readonly [field: string]: AvroValue | undefined;
}

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;
type Primitive = (typeof PRIMITIVES)[number];

export type SchemaNode =
  | { readonly kind: Primitive }
  | { readonly kind: 'fixed'; readonly size: number }
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | { readonly kind: 'array' | 'map'; readonly items: SchemaNode }
  | { readonly kind: 'union'; readonly branches: readonly SchemaNode[] }
  | { readonly kind: 'record'; readonly fields: { readonly name: string; readonly type: SchemaNode }[] };

/** Parses a schema's JSON. Logical types are read as the type below them. Throws `AvroError`. */
export function parseSchema(json: unknown): SchemaNode {
  return parseNode(json, new Map(), '');
}

function parseNode(json: unknown, names: Map<string, SchemaNode>, namespace: string): SchemaNode {
  if (typeof json === 'string') return parseName(json, names, namespace);
  if (Array.isArray(json)) {
    return { kind: 'union', branches: json.map((branch) => parseNode(branch, names, namespace)) };
  }
  if (typeof json !== 'object' || json === null)
    throw new AvroError('a schema is neither a name, a list nor an object');
  const schema = json as Readonly<Record<string, unknown>>;
  const type = schema['type'];
  if (type === 'array') return { kind: 'array', items: parseNode(schema['items'], names, namespace) };
  if (type === 'map') return { kind: 'map', items: parseNode(schema['values'], names, namespace) };
  if (type === 'record' || type === 'error' || type === 'enum' || type === 'fixed') {
    return parseNamed(schema, names, namespace);
  }
  return parseNode(type, names, namespace);
}

function parseName(name: string, names: Map<string, SchemaNode>, namespace: string): SchemaNode {
  const primitive = PRIMITIVES.find((each) => each === name);
  if (primitive !== undefined) return { kind: primitive };
  const node = (name.includes('.') ? undefined : names.get(`${namespace}.${name}`)) ?? names.get(name);
  if (node === undefined) throw new AvroError(`the schema names an unknown type ${JSON.stringify(name)}`);
  return node;
}

function parseNamed(
  schema: Readonly<Record<string, unknown>>,
  names: Map<string, SchemaNode>,
  outer: string,
): SchemaNode {
  const { name, namespace: own, type } = schema;
  if (typeof name !== 'string') throw new AvroError(`a schema of type ${String(type)} has no name`);
  const dot = name.lastIndexOf('.');
  const namespace = dot >= 0 ? name.slice(0, dot) : typeof own === 'string' ? own : outer;
  const leaf = name.slice(dot + 1);
  const register = (node: SchemaNode): SchemaNode => {
    names.set(namespace === '' ? leaf : `${namespace}.${leaf}`, node);
    return node;
  };
  if (type === 'fixed') {
    const size = schema['size'];
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      throw new AvroError(`fixed ${name} has no size`);
    }
    return register({ kind: 'fixed', size });
  }
  if (type === 'enum') {
    const symbols = schema['symbols'];
    if (!Array.isArray(symbols)) throw new AvroError(`enum ${name} has no symbols`);
    return register({ kind: 'enum', symbols: symbols.map(String) });
  }
  const declared = schema['fields'];
  if (!Array.isArray(declared)) throw new AvroError(`record ${name} has no fields`);
  const fields: { name: string; type: SchemaNode }[] = [];
  const node = register({ kind: 'record', fields });
  for (const field of declared as readonly Readonly<Record<string, unknown>>[]) {
    fields.push({ name: String(field['name']), type: parseNode(field['type'], names, namespace) });
  }
  return node;
}

/** Arrays of items that take no bytes (`null`, empty records) are believed up to this count. */
export const EMPTY_ITEMS_MAX = 65_536;
const textDecoder = new TextDecoder('utf-8', { fatal: true });

/** A position in decoded bytes; every read is checked. */
export class Tap {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new AvroError('the data end inside a value');
    this.#at += 1;
    return byte;
  }

  /** Where `count` bytes start, having stepped over them. */
  #step(count: number): number {
    if (count < 0 || count > this.left) throw new AvroError(`a length of ${count} is past the end of the data`);
    const start = this.#at;
    this.#at += count;
    return start;
  }

  skip(count: number): void {
    this.#step(count);
  }

  take(count: number): Uint8Array {
    const start = this.#step(count);
    return Uint8Array.from(this.#bytes.subarray(start, start + count));
  }

  text(): string {
    const count = this.count();
    const start = this.#step(count);
    try {
      return textDecoder.decode(this.#bytes.subarray(start, start + count));
    } catch (error) {
      throw new AvroError('a string is not UTF-8', { cause: error });
    }
  }

  float(): number {
    return this.#view.getFloat32(this.#step(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#step(8), true);
  }

  /** A zigzag long, exact. */
  long(): bigint {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      low += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return BigInt(low % 2 === 0 ? low / 2 : -(low + 1) / 2);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
    }
    throw new AvroError('a number has more than 64 bits');
  }

  int(): number {
    const value = Number(this.long());
    if (value < -0x8000_0000 || value > 0x7fff_ffff) throw new AvroError(`${value} is not a 32-bit int`);
    return value;
  }

  /** A length, count or index that must be a safe number. */
  count(): number {
    const value = Number(this.long());
    if (!Number.isSafeInteger(value)) throw new AvroError(`${value} is not a length`);
    return value;
  }

  /** Runs `item` over the blocks of an array or map; `jump` steps over blocks whose size in bytes is stated. */
  items(item: () => void, jump: boolean): void {
    for (;;) {
      let count = this.count();
      if (count === 0) return;
      if (count < 0) {
        count = -count;
        const size = this.count();
        if (jump) {
          this.skip(size);
          continue;
        }
      }
      if (count > Math.max(this.left, EMPTY_ITEMS_MAX))
        throw new AvroError(`${count} items are past the end of the data`);
      for (let index = 0; index < count; index += 1) item();
    }
  }
}

export type Reader = (tap: Tap) => AvroValue;

/** A reader of what `want` names. Fields it does not name are skipped, never built. */
export function compileReader(node: SchemaNode, want: Projection): Reader {
  return new Compiler().reader(node, want);
}

class Compiler {
  readonly #whole = new Map<SchemaNode, Reader>();
  readonly #skips = new Map<SchemaNode, (tap: Tap) => void>();

  reader(node: SchemaNode, want: Projection): Reader {
    if (want !== true) return this.#build(node, want);
    const known = this.#whole.get(node);
    if (known !== undefined) return known;
    // A schema may contain itself: the entry stands before what it calls is built.
    let built: Reader | undefined;
    this.#whole.set(node, (tap) => {
      built ??= this.#build(node, true);
      return built(tap);
    });
    built = this.#build(node, true);
    this.#whole.set(node, built);
    return built;
  }

  #build(node: SchemaNode, want: Projection): Reader {
    switch (node.kind) {
      case 'record':
        return this.#record(node.fields, want);
      case 'array': {
        const item = this.reader(node.items, want);
        return (tap) => {
          const list: AvroValue[] = [];
          tap.items(() => list.push(item(tap)), false);
          return list;
        };
      }
      case 'map': {
        const item = this.reader(node.items, want);
        return (tap) => {
          const map = new Map<string, AvroValue>();
          tap.items(() => map.set(tap.text(), item(tap)), false);
          return map;
        };
      }
      case 'union': {
        const branches = node.branches.map((branch) => this.reader(branch, want));
        return (tap) => pick(branches, tap)(tap);
      }
      default:
        return scalarReader(node);
    }
  }

  #record(fields: readonly { readonly name: string; readonly type: SchemaNode }[], want: Projection): Reader {
    const steps = fields.map(({ name, type }) => {
      const below = want === true ? true : want[name];
      return below === undefined ? { skip: this.#skipper(type) } : { name, read: this.reader(type, below) };
    });
    return (tap) => {
      const record = Object.create(null) as Record<string, AvroValue>;
      for (const step of steps) {
        if (step.read === undefined) step.skip(tap);
        else record[step.name] = step.read(tap);
      }
      return record;
    };
  }

  #skipper(node: SchemaNode): (tap: Tap) => void {
    const known = this.#skips.get(node);
    if (known !== undefined) return known;
    let built: ((tap: Tap) => void) | undefined;
    this.#skips.set(node, (tap) => {
      built ??= this.#buildSkip(node);
      built(tap);
    });
    built = this.#buildSkip(node);
    this.#skips.set(node, built);
    return built;
  }

  #buildSkip(node: SchemaNode): (tap: Tap) => void {
    switch (node.kind) {
      case 'record': {
        const skips = node.fields.map(({ type }) => this.#skipper(type));
        return (tap) => {
          for (const skip of skips) skip(tap);
        };
      }
      case 'array': {
        const item = this.#skipper(node.items);
        return (tap) => tap.items(() => item(tap), true);
      }
      case 'map': {
        const item = this.#skipper(node.items);
        return (tap) =>
          tap.items(() => {
            tap.skip(tap.count());
            item(tap);
          }, true);
      }
      case 'union': {
        const branches = node.branches.map((branch) => this.#skipper(branch));
        return (tap) => pick(branches, tap)(tap);
      }
      case 'string':
      case 'bytes':
        return (tap) => tap.skip(tap.count());
      case 'fixed':
        return (tap) => tap.skip(node.size);
      default: {
        const read = scalarReader(node);
        return (tap) => void read(tap);
      }
    }
  }
}

function pick<T>(branches: readonly T[], tap: Tap): T {
  const index = tap.count();
  const branch = branches[index];
  if (branch === undefined) throw new AvroError(`a union has no branch ${index}`);
  return branch;
}

type ScalarNode = Extract<SchemaNode, { readonly kind: Primitive | 'fixed' | 'enum' }>;

function scalarReader(node: ScalarNode): Reader {
  switch (node.kind) {
    case 'null':
      return () => null;
    case 'boolean':
      return (tap) => tap.byte() !== 0;
    case 'int':
      return (tap) => tap.int();
    case 'long':
      return (tap) => tap.long();
    case 'float':
      return (tap) => tap.float();
    case 'double':
      return (tap) => tap.double();
    case 'bytes':
      return (tap) => tap.take(tap.count());
    case 'string':
      return (tap) => tap.text();
    case 'fixed':
      return (tap) => tap.take(node.size);
    case 'enum':
      return (tap) => pick(node.symbols, tap);
  }
}
