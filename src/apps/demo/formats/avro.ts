import { inflateRawSync } from 'node:zlib';
import { memoByBytes } from './memo.ts';

/**
 * A small reader of Avro object container files, written from the Avro 1.11 specification and used by the replayer
 * and the checking reader only: a check must not share its parser with what it checks. Codecs `null` and `deflate`,
 * which are what Iceberg and Hudi write. Logical types are left as their base type.
 */

/** Longs beyond 2^53 become bigint: Iceberg snapshot ids are such. */
export type AvroValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly AvroValue[]
  | { readonly [field: string]: AvroValue };

export type AvroRecord = { readonly [field: string]: AvroValue };

export interface AvroContainer {
  readonly metadata: ReadonlyMap<string, string>;
  readonly records: readonly AvroRecord[];
}

type Decoder = (input: AvroInput) => AvroValue;

class AvroInput {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.byteLength;
  }

  take(count: number): Uint8Array {
    const end = this.#offset + count;
    if (count < 0 || end > this.#bytes.byteLength) throw new Error('Avro data ends early');
    const part = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return part;
  }

  /** Zigzag varint, at most ten bytes. */
  long(): number | bigint {
    let low = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.take(1)[0] ?? 0;
      low |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) {
        const value = BigInt.asIntN(64, (low >> 1n) ^ -(low & 1n));
        return Number.isSafeInteger(Number(value)) ? Number(value) : value;
      }
    }
    throw new Error('Avro long has more than ten bytes');
  }

  count(): number {
    const value = this.long();
    if (typeof value !== 'number') throw new Error('Avro count out of range');
    return value;
  }

  text(): string {
    return Buffer.from(this.take(this.count())).toString('utf8');
  }

  view(count: number): DataView {
    const part = this.take(count);
    return new DataView(part.buffer, part.byteOffset, count);
  }
}

/** Blocks of an array or a map: a negative count is followed by the block's size in bytes. */
function readBlocks(input: AvroInput, item: () => void): void {
  for (let count = input.count(); count !== 0; count = input.count()) {
    if (count < 0) input.long();
    for (let left = Math.abs(count); left > 0; left -= 1) item();
  }
}

const PRIMITIVES: Readonly<Record<string, Decoder>> = {
  null: () => null,
  boolean: (input) => input.take(1)[0] === 1,
  int: (input) => input.long(),
  long: (input) => input.long(),
  float: (input) => input.view(4).getFloat32(0, true),
  double: (input) => input.view(8).getFloat64(0, true),
  bytes: (input) => input.take(input.count()),
  string: (input) => input.text(),
};

interface SchemaObject {
  readonly type: unknown;
  readonly name?: string;
  readonly namespace?: string;
  readonly fields?: readonly { readonly name: string; readonly type: unknown }[];
  readonly symbols?: readonly string[];
  readonly items?: unknown;
  readonly values?: unknown;
  readonly size?: number;
}

/** Named types may be used before their decoder is complete (recursive schemas), so names hold a late-bound decoder. */
class SchemaCompiler {
  readonly #named = new Map<string, Decoder>();

  compile(schema: unknown, namespace: string): Decoder {
    if (typeof schema === 'string') return this.#reference(schema, namespace);
    if (Array.isArray(schema)) return this.#union(schema, namespace);
    const object = schema as SchemaObject;
    switch (object.type) {
      case 'record':
        return this.#record(object, namespace);
      case 'enum': {
        const symbols = object.symbols ?? [];
        return this.#define(object, namespace, (input) => symbols[input.count()] ?? null);
      }
      case 'fixed': {
        const size = object.size ?? 0;
        return this.#define(object, namespace, (input) => input.take(size));
      }
      case 'array': {
        const item = this.compile(object.items, namespace);
        return (input) => {
          const values: AvroValue[] = [];
          readBlocks(input, () => values.push(item(input)));
          return values;
        };
      }
      case 'map': {
        const item = this.compile(object.values, namespace);
        return (input) => {
          const values: Record<string, AvroValue> = Object.create(null);
          readBlocks(input, () => {
            values[input.text()] = item(input);
          });
          return values;
        };
      }
      default:
        return this.compile(object.type, namespace);
    }
  }

  #reference(name: string, namespace: string): Decoder {
    const primitive = PRIMITIVES[name];
    if (primitive !== undefined) return primitive;
    const full = name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
    const decoder = this.#named.get(full) ?? this.#named.get(name);
    if (decoder === undefined) throw new Error(`Avro schema names an unknown type ${name}`);
    return decoder;
  }

  #union(branches: readonly unknown[], namespace: string): Decoder {
    const decoders = branches.map((branch) => this.compile(branch, namespace));
    return (input) => {
      const decoder = decoders[input.count()];
      if (decoder === undefined) throw new Error('Avro union index out of range');
      return decoder(input);
    };
  }

  #record(schema: SchemaObject, namespace: string): Decoder {
    const inner = schema.namespace ?? namespaceOf(schema.name ?? '', namespace);
    const fields: { name: string; decode: Decoder }[] = [];
    const decoder = this.#define(schema, namespace, (input) => {
      const record: Record<string, AvroValue> = {};
      for (const field of fields) record[field.name] = field.decode(input);
      return record;
    });
    for (const field of schema.fields ?? []) {
      fields.push({ name: field.name, decode: this.compile(field.type, inner) });
    }
    return decoder;
  }

  #define(schema: SchemaObject, namespace: string, decoder: Decoder): Decoder {
    const name = schema.name ?? '';
    const space = schema.namespace ?? namespace;
    this.#named.set(name.includes('.') || space === '' ? name : `${space}.${name}`, decoder);
    return decoder;
  }
}

function namespaceOf(name: string, outer: string): string {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? outer : name.slice(0, dot);
}

const MAGIC = Buffer.from([0x4f, 0x62, 0x6a, 0x01]);
const SYNC_BYTES = 16;

export function isAvroContainer(bytes: Uint8Array): boolean {
  return bytes.byteLength > MAGIC.byteLength && MAGIC.equals(bytes.subarray(0, MAGIC.byteLength));
}

/** Throws when the container is truncated, has a wrong sync marker or an unknown codec. */
export const readAvro = memoByBytes(parseContainer);

function parseContainer(bytes: Uint8Array): AvroContainer {
  if (!isAvroContainer(bytes)) throw new Error('not an Avro container');
  const input = new AvroInput(bytes);
  input.take(MAGIC.byteLength);
  const metadata = new Map<string, string>();
  readBlocks(input, () => {
    const key = input.text();
    metadata.set(key, input.text());
  });
  const sync = input.take(SYNC_BYTES);
  const codec = metadata.get('avro.codec') ?? 'null';
  if (codec !== 'null' && codec !== 'deflate') throw new Error(`Avro codec ${codec} is not known here`);
  const decode = new SchemaCompiler().compile(JSON.parse(metadata.get('avro.schema') ?? ''), '');
  const records: AvroRecord[] = [];
  while (!input.done) {
    const count = input.count();
    const stored = input.take(input.count());
    const block = new AvroInput(codec === 'deflate' ? inflateRawSync(stored) : stored);
    for (let left = count; left > 0; left -= 1) records.push(decode(block) as AvroRecord);
    if (!Buffer.from(input.take(SYNC_BYTES)).equals(sync)) throw new Error('Avro sync marker differs');
  }
  return { metadata, records };
}
