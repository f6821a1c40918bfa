/** What LMDB holds on disk, byte for byte: `docs/formats/metadata-stores.md`. A change here is a new format number. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { open, type RootDatabase } from 'lmdb';
import { isStraitError } from '../../src/model/errors.ts';
import { openMetadataStore } from '../support/open-metadata-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const BINARY = { keyEncoding: 'binary', encoding: 'binary' } as const;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const utf8 = (text: string) => Buffer.from(text);

function openRaw(folder: string): RootDatabase<Buffer, Buffer> {
  return open<Buffer, Buffer>(join(folder, 'metadata.mdb'), { ...BINARY, noSubdir: true, overlappingSync: false });
}

function contentsOf(root: RootDatabase<Buffer, Buffer>, name: string): string[] {
  const database = root.openDB<Buffer, Buffer>(name, BINARY);
  return [...database.getRange({})].map(({ key, value }) => `${hex(key)} = ${hex(value)}`);
}

async function folderOf(context: TestContext): Promise<string> {
  const folder = await temporaryFolder('metadata-format');
  context.after(() => folder[Symbol.asyncDispose]());
  return folder.path;
}

test('rows, journals and marks have the documented bytes', async (context) => {
  const folder = await folderOf(context);
  const store = await openMetadataStore('lmdb', folder);
  await store.commit({ checks: [], writes: [{ kind: 'put', key: utf8('gone'), value: utf8('') }] });
  await store.commit({
    checks: [],
    writes: [
      { kind: 'delete', key: utf8('gone') },
      {
        kind: 'put',
        key: Uint8Array.of(0x00, 0xff),
        value: new Uint8Array(9),
        stamps: [{ kind: 'generation', mint: 0, offset: 1 }],
      },
    ],
    appends: [
      { journal: 'é', value: new Uint8Array(8), stamps: [{ kind: 'seq', append: 0, offset: 0 }] },
      { journal: 'é', value: utf8('e') },
    ],
    mints: [{ scope: 's', nowMicros: 0x0102n }],
  });
  await store.close();
  const root = openRaw(folder);
  context.after(() => root.close());
  assert.deepEqual(contentsOf(root, 'rows'), [`00ff = 0000000000000002${'000000000000000102'}`]);
  assert.deepEqual(contentsOf(root, 'journals'), [
    'c3a9000000000000000001 = 0000000000000001',
    'c3a9000000000000000002 = 65',
  ]);
  assert.deepEqual(contentsOf(root, 'marks'), [
    `${hex(utf8('format'))} = 0000000000000001`,
    `${hex(utf8('head/é'))} = 0000000000000002`,
    `${hex(utf8('mint/s'))} = 0000000000000102`,
    `${hex(utf8('version'))} = 0000000000000002`,
  ]);
  const { pageSize } = root.getStats() as { pageSize: number };
  assert.equal(pageSize, 8_192);
});

test('an environment of another format is refused and left alone', async (context) => {
  const folder = await folderOf(context);
  await (await openMetadataStore('lmdb', folder)).close();
  const root = openRaw(folder);
  await root.openDB<Buffer, Buffer>('marks', BINARY).put(utf8('format'), Buffer.from('0000000000000002', 'hex'));
  await root.close();
  await assert.rejects(openMetadataStore('lmdb', folder), (error) => isStraitError(error, 'unsupported'));
  const again = openRaw(folder);
  context.after(() => again.close());
  assert.deepEqual(contentsOf(again, 'marks'), [`${hex(utf8('format'))} = 0000000000000002`]);
});

test('a row that cannot be one is `corrupt`, and harms no other', async (context) => {
  const folder = await folderOf(context);
  await (await openMetadataStore('lmdb', folder)).close();
  const root = openRaw(folder);
  await root.openDB<Buffer, Buffer>('rows', BINARY).put(utf8('short'), utf8('1234567'));
  await root.close();
  const store = await openMetadataStore('lmdb', folder);
  context.after(() => store.close());
  await assert.rejects(store.get([utf8('short')]), (error) => isStraitError(error, 'corrupt'));
  await store.commit({ checks: [], writes: [{ kind: 'put', key: utf8('whole'), value: utf8('v') }] });
  assert.equal(hex((await store.get([utf8('whole')]))[0]?.value ?? utf8('')), hex(utf8('v')));
});
