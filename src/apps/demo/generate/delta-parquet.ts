import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter, parquetWriteBuffer } from 'hyparquet-writer';
import { seededRandom } from '../../../runtime/random.ts';

/** Parquet for generated Delta tables: small data files, and checkpoints of any size. */

/** Actions as in the JSON log; a checkpoint row has one of them. */
export interface CheckpointRow {
  readonly protocol?: Readonly<Record<string, unknown>>;
  readonly metaData?: Readonly<Record<string, unknown>>;
  readonly add?: Readonly<Record<string, unknown>>;
  readonly remove?: Readonly<Record<string, unknown>>;
  readonly sidecar?: Readonly<Record<string, unknown>>;
  readonly checkpointMetadata?: Readonly<Record<string, unknown>>;
}

type Field = readonly [name: string, type: SchemaElement['type'] | 'STRING' | 'MAP' | 'LIST' | readonly Field[]];

const VECTOR: readonly Field[] = [
  ['storageType', 'STRING'],
  ['pathOrInlineDv', 'STRING'],
  ['offset', 'INT32'],
  ['sizeInBytes', 'INT32'],
  ['cardinality', 'INT64'],
];

/** Delta protocol, "Checkpoint Schema", as far as the generator fills it. */
const CHECKPOINT: readonly Field[] = [
  [
    'add',
    [
      ['path', 'STRING'],
      ['partitionValues', 'MAP'],
      ['size', 'INT64'],
      ['modificationTime', 'INT64'],
      ['dataChange', 'BOOLEAN'],
      ['stats', 'STRING'],
      ['deletionVector', VECTOR],
    ],
  ],
  [
    'remove',
    [
      ['path', 'STRING'],
      ['deletionTimestamp', 'INT64'],
      ['dataChange', 'BOOLEAN'],
      ['deletionVector', VECTOR],
    ],
  ],
  [
    'metaData',
    [
      ['id', 'STRING'],
      ['name', 'STRING'],
      [
        'format',
        [
          ['provider', 'STRING'],
          ['options', 'MAP'],
        ],
      ],
      ['schemaString', 'STRING'],
      ['partitionColumns', 'LIST'],
      ['configuration', 'MAP'],
      ['createdTime', 'INT64'],
    ],
  ],
  [
    'protocol',
    [
      ['minReaderVersion', 'INT32'],
      ['minWriterVersion', 'INT32'],
      ['readerFeatures', 'LIST'],
      ['writerFeatures', 'LIST'],
    ],
  ],
  [
    'sidecar',
    [
      ['path', 'STRING'],
      ['sizeInBytes', 'INT64'],
      ['modificationTime', 'INT64'],
    ],
  ],
  ['checkpointMetadata', [['version', 'INT64']]],
];

export interface CheckpointLayout {
  /** Rows in a row group. */
  readonly rowGroupRows: number;
  /** Bytes of a page, about. */
  readonly pageBytes: number;
  readonly codec?: 'SNAPPY' | 'UNCOMPRESSED';
  /** Only these actions have columns: a sidecar has `add` and `remove`, a V1 checkpoint no `sidecar`. */
  readonly actions: readonly (keyof CheckpointRow)[];
}

export const V1_LAYOUT: CheckpointLayout = {
  rowGroupRows: 100_000,
  pageBytes: 1024 * 1024,
  actions: ['add', 'remove', 'metaData', 'protocol'],
};
export const V2_LAYOUT: CheckpointLayout = {
  ...V1_LAYOUT,
  actions: ['add', 'remove', 'metaData', 'protocol', 'sidecar', 'checkpointMetadata'],
};
export const SIDECAR_LAYOUT: CheckpointLayout = { ...V1_LAYOUT, actions: ['add', 'remove'] };

/** A checkpoint file. Memory is the encoded file and one row group of rows. */
export function encodeCheckpoint(rows: Iterable<CheckpointRow>, layout: CheckpointLayout): Uint8Array {
  const fields = CHECKPOINT.filter(([name]) => layout.actions.some((action) => action === name));
  const schema: SchemaElement[] = [{ name: 'spark_schema', num_children: fields.length }];
  for (const field of fields) schema.push(...schemaOf(field));
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({ writer, schema, codec: layout.codec ?? 'SNAPPY' });
  const write = (group: readonly CheckpointRow[]) => {
    const columnData = fields.map(([name, type]) => ({
      name,
      data: group.map((row) => shape(row[name as keyof CheckpointRow], type)),
    }));
    void parquet.write({ columnData, rowGroupSize: layout.rowGroupRows, pageSize: layout.pageBytes });
  };
  let group: CheckpointRow[] = [];
  for (const row of rows) {
    group.push(row);
    if (group.length < layout.rowGroupRows) continue;
    write(group);
    group = [];
  }
  if (group.length > 0) write(group);
  void parquet.finish();
  return new Uint8Array(writer.getBuffer());
}

function schemaOf([name, type]: Field): readonly SchemaElement[] {
  const optional = { name, repetition_type: 'OPTIONAL' as const };
  if (type === 'STRING') return [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }];
  if (type === 'MAP') {
    return [
      { ...optional, num_children: 1, converted_type: 'MAP' },
      { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
      { name: 'key', repetition_type: 'REQUIRED', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
      { name: 'value', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
    ];
  }
  if (type === 'LIST') {
    return [
      { ...optional, num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
    ];
  }
  if (Array.isArray(type)) return [{ ...optional, num_children: type.length }, ...type.flatMap(schemaOf)];
  return [{ ...optional, type: type as SchemaElement['type'] & string }];
}

/** Numbers of 64 bits become bigints; what the schema does not know is left out. */
function shape(value: unknown, type: Field[1]): unknown {
  if (value === undefined || value === null) return undefined;
  if (type === 'INT64') return BigInt(value as number);
  if (!Array.isArray(type)) return value;
  const record = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(type.map(([name, fieldType]: Field) => [name, shape(record[name], fieldType)]));
}

/** Orders of a small shop as a data file. The same id always gives the same row, so that files can be rewritten. */
export function encodeOrders(ids: readonly number[]): Uint8Array {
  const rows = ids.map((id) => {
    const random = seededRandom(id);
    const customer = `customer-${Math.floor(random.unit() * 1000)}`;
    const product = PRODUCTS[Math.floor(random.unit() * PRODUCTS.length)] ?? '';
    return { id: BigInt(id), customer, product, amount: Math.round(random.unit() * 100_000) / 100 };
  });
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'id', data: rows.map(({ id }) => id), type: 'INT64' },
        { name: 'customer', data: rows.map(({ customer }) => customer), type: 'STRING' },
        { name: 'product', data: rows.map(({ product }) => product), type: 'STRING' },
        { name: 'amount', data: rows.map(({ amount }) => amount), type: 'DOUBLE' },
      ],
    }),
  );
}

const PRODUCTS = ['kettle', 'lamp', 'chair', 'table', 'shelf', 'clock', 'mirror', 'rug'];
