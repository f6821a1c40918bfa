import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { MemoryTableFiles } from '../../../test/support/memory-table-files.ts';
import { type AvroCodec, encodeLong, writeAvro } from '../../../test/support/write-avro.ts';
import { readAvro } from './avro-container.ts';
import { AvroError, type AvroRecord, compileReader, type Projection, parseSchema, Tap } from './avro-schema.ts';

const SCHEMA = {
  type: 'record',
  name: 'entry',
  namespace: 'org.example',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'skipped', type: { type: 'map', values: { type: 'array', items: ['null', 'string', 'double'] } } },
    { name: 'status', type: { type: 'int', logicalType: 'date' } },
    {
      name: 'file',
      type: {
        type: 'record',
        name: 'file',
        fields: [
          { name: 'path', type: 'string' },
          { name: 'bounds', type: ['null', { type: 'array', items: 'bytes' }] },
          { name: 'kind', type: { type: 'enum', name: 'kind', symbols: ['DATA', 'DELETES'] } },
          { name: 'digest', type: { type: 'fixed', name: 'digest', size: 3 } },
        ],
      },
    },
    { name: 'other', type: ['null', 'file'] },
    { name: 'flags', type: [{ type: 'boolean' }, 'float'] },
  ],
};

function record(id: bigint): object {
  const file = (path: string) => ({ path, bounds: [Buffer.from('ab')], kind: 'DELETES', digest: Buffer.from('xyz') });
  return {
    id,
    skipped: { ключ: [null, 'v', 1.5] },
    status: -7,
    file: file(`data/${id}.parquet`),
    other: file('second'),
    flags: 0.5,
  };
}

async function readAll(bytes: Uint8Array, want: Projection = true): Promise<AvroRecord[]> {
  const files = new MemoryTableFiles().put('f.avro', bytes);
  const file = await files.stat('f.avro');
  assert.ok(file);
  const records: AvroRecord[] = [];
  for await (const batch of readAvro(files, file, want)) records.push(...batch);
  return records;
}

function flip(bytes: Uint8Array, at: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
}

const IDS = [0n, -1n, 63n, -64n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n, 5128775320967886225n];

for (const codec of ['null', 'deflate', 'zstandard', 'snappy'] as const satisfies AvroCodec[]) {
  test(`reads what avsc writes with codec ${codec}, longs exact`, async () => {
    const bytes = writeAvro(SCHEMA, IDS.map(record), { codec, recordsPerBlock: 3 });
    const records = await readAll(bytes);
    assert.deepEqual(
      records.map(({ id }) => id),
      IDS,
    );
    const [first] = records;
    assert.deepEqual(first?.['skipped'], new Map([['ключ', [null, 'v', 1.5]]]));
    assert.equal(first?.['status'], -7);
    const file = first?.['file'] as AvroRecord;
    assert.deepEqual(
      { ...file, bounds: undefined, digest: undefined },
      {
        path: 'data/0.parquet',
        bounds: undefined,
        kind: 'DELETES',
        digest: undefined,
      },
    );
    assert.deepEqual(file['digest'], Uint8Array.from(Buffer.from('xyz')));
    assert.equal((first?.['other'] as AvroRecord | undefined)?.['path'], 'second');
    assert.equal(first?.['flags'], 0.5);
  });
}

test('a projection reads only what it names', async () => {
  const records = await readAll(writeAvro(SCHEMA, IDS.map(record)), { status: true, file: { path: true } });
  assert.deepEqual(
    records.map((each) => [Object.keys(each), Object.keys(each['file'] as object)]),
    IDS.map(() => [['status', 'file'], ['path']]),
  );
});

test('a file is read in a stream, not whole before its first record', async () => {
  const many = Array.from({ length: 30_000 }, (_, index) => record(BigInt(index)));
  const files = new MemoryTableFiles().put('f.avro', writeAvro(SCHEMA, many, { codec: 'null', recordsPerBlock: 100 }));
  const file = await files.stat('f.avro');
  assert.ok(file !== undefined && file.size > 2_000_000);
  for await (const batch of readAvro(files, file, { id: true })) {
    assert.ok(batch.length > 0);
    break;
  }
  assert.ok(files.bytesRead <= 256 * 1024, `${files.bytesRead} bytes were read for the first record`);
});

test('an empty file, a truncated one and one with a wrong marker are errors', async () => {
  const bytes = writeAvro(SCHEMA, IDS.map(record), { codec: 'null' });
  await assert.rejects(readAll(new Uint8Array(0)), AvroError);
  for (let cut = 1; cut < bytes.length; cut += 7) await assert.rejects(readAll(bytes.subarray(0, cut)), AvroError);
  const wrong = Buffer.from(bytes);
  flip(wrong, wrong.length - 1);
  await assert.rejects(readAll(wrong), /sync marker/);
  await assert.rejects(readAll(writeAvro(SCHEMA, [], { meta: { 'avro.codec': 'bzip2' } })), /unknown Avro codec/);
});

test('a snappy block with a flipped bit fails its checksum', async () => {
  const bytes = Buffer.from(writeAvro(SCHEMA, [record(1n)], { codec: 'snappy' }));
  const at = bytes.indexOf('parquet');
  assert.ok(at > 0);
  flip(bytes, at);
  await assert.rejects(readAll(bytes), /checksum/);
});

test('a declared count of 2^40 items is refused, not believed', () => {
  const read = compileReader(parseSchema({ type: 'array', items: 'int' }), true);
  assert.throws(() => read(new Tap(Buffer.concat([encodeLong(2 ** 40), Buffer.from([2, 2])]))), AvroError);
});

test('a schema may contain itself; endless nesting in damaged data is an error', async () => {
  const list = { type: 'record', name: 'node', fields: [{ name: 'next', type: ['null', 'node'] }] };
  const [read] = await readAll(writeAvro(list, [{ next: { next: { next: null } } }]));
  assert.deepEqual(structuredClone(read), { next: { next: { next: null } } });
  const file = writeAvro(
    { ...list, fields: [...list.fields, { name: 'fill', type: 'bytes' }] },
    [{ next: null, fill: Buffer.alloc(200_000, 2) }],
    { codec: 'null' },
  );
  const start = Buffer.from(file).indexOf(Buffer.alloc(32, 2));
  const nested = Buffer.from(file);
  // From "next: null" on, every byte now says "another node".
  nested.fill(2, start - 4, start);
  await assert.rejects(readAll(nested), AvroError);
});

test('any damage costs an AvroError or other records, never a hang or a crash', async () => {
  const bytes = writeAvro(SCHEMA, IDS.map(record), { codec: 'null', recordsPerBlock: 3 });
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.uint8Array({ minLength: 1, maxLength: 12 }), async (at, noise) => {
      const damaged = Buffer.from(bytes);
      damaged.set(noise.subarray(0, damaged.length - at), at);
      await readAll(damaged).catch((error: unknown) => assert.ok(error instanceof AvroError, String(error)));
    }),
    { numRuns: 400 },
  );
});
