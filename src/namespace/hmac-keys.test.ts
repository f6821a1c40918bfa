import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lakeFixture } from '../../test/support/lake-fixture.ts';
import { CONTROL_JOURNAL, decodeJournal } from './rows/journal.ts';
import { hmacAccountKey, hmacKeyKey, hmacKeysOf, hmacSecretKey } from './rows/keys.ts';

const OWNER = { project: 'p', serviceAccountEmail: 'a@x.iam.gserviceaccount.com' };
const MONTH_MS = 30 * 24 * 3_600_000;
const etagOf = ({ revision }: { readonly revision: number }) => String(revision);

async function keyFixture() {
  const fixture = await lakeFixture();
  const { namespace, deps } = fixture;
  const has = async (key: Uint8Array) => (await deps.metadata.get([key]))[0] !== undefined;
  const remove = async (accessId: string) => {
    const address = { project: 'p', accessId };
    await namespace.updateHmacKey({ address, state: 'INACTIVE', etagOf });
    await namespace.deleteHmacKey(address);
  };
  return { ...fixture, has, remove };
}

test('the secret is in its own row alone, and goes when the key is deleted', async () => {
  const { deps, namespace, has, remove } = await keyFixture();
  const { key, secret } = await namespace.createHmacKey(OWNER);
  assert.ok(await has(hmacSecretKey(key.accessId)));
  assert.equal(
    JSON.stringify(await namespace.getHmacKey({ project: 'p', accessId: key.accessId })).includes(secret),
    false,
  );
  await remove(key.accessId);
  assert.equal(await has(hmacSecretKey(key.accessId)), false);
  const ops: string[] = [];
  for await (const { value } of deps.metadata.tail(CONTROL_JOURNAL, 0n, new AbortController().signal)) {
    assert.equal(Buffer.from(value).includes(secret), false);
    ops.push(decodeJournal(value).record.op);
    if (ops.length === 3) break;
  }
  assert.deepEqual(ops, ['hmacKeyInsert', 'hmacKeyPatch', 'hmacKeyDelete']);
});

test('a deleted key is shown for 30 days and then forgotten', async () => {
  const { deps, namespace, pass, has, remove } = await keyFixture();
  const { accessId } = (await namespace.createHmacKey(OWNER)).key;
  await remove(accessId);
  const read = () => namespace.getHmacKey({ project: 'p', accessId });
  pass(MONTH_MS - 1);
  assert.equal((await read()).state, 'DELETED');
  pass(1);
  await assert.rejects(read(), { code: 'notFound' });
  const listed = await namespace.listHmacKeys({ project: 'p', showDeleted: true, maxResults: 10 });
  assert.deepEqual(listed.keys, []);
  await namespace.createHmacKey(OWNER);
  assert.equal(await has(hmacKeyKey(accessId)), false);
  assert.equal((await deps.metadata.scan(hmacKeysOf('p'), { limit: 10 })).length, 1);
});

test('keys made at the same time do not pass the limit', async () => {
  const { namespace, has } = await keyFixture();
  const made = await Promise.allSettled(Array.from({ length: 14 }, () => namespace.createHmacKey(OWNER)));
  assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 10);
  assert.ok(await has(hmacAccountKey('p', OWNER.serviceAccountEmail)));
  const { keys } = await namespace.listHmacKeys({ project: 'p', showDeleted: false, maxResults: 250 });
  assert.equal(keys.length, 10);
});
