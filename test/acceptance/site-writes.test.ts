/**
 * Every method of the discovery document that changes something is refused at a site that does not own the bucket: 403,
 * with a message that says where to write, and nothing changed at the site or the cloud. The methods come from the
 * document, so one that a new revision adds is tried too.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { MethodId } from '../../src/dialects/gcs-json/api/document.ts';
import { METHODS, type Method } from '../../src/dialects/gcs-json/api/methods.ts';
import { STANDING } from '../../src/dialects/gcs-json/elsewhere/standing.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { noCrashPoints } from '../../src/runtime/crash-points.ts';
import { MemoryMetadataStore } from '../../src/stores/metadata/memory/memory-store.ts';
import type { MetadataStore } from '../../src/stores/metadata/port.ts';
import { FollowedCloud } from '../support/following-site.ts';
import type { Answer } from '../support/http-call.ts';

/** All that change something: none of them is a GET, and every GET only reads. */
const WRITING = Object.values(METHODS).filter(({ verb }) => verb !== 'GET');

/** What belongs to no bucket: a site has its own. */
const OF_THE_SITE: readonly MethodId[] = [
  'channels.stop',
  'projects.hmacKeys.create',
  'projects.hmacKeys.delete',
  'projects.hmacKeys.update',
];

const PLACES: Readonly<Record<string, string>> = {
  bucket: 'lake',
  sourceBucket: 'lake',
  destinationBucket: 'lake',
  object: 'there',
  sourceObject: 'there',
  destinationObject: 'copy',
  entity: 'allUsers',
  folder: 'folder/',
  sourceFolder: 'folder/',
  destinationFolder: 'other/',
  managedFolder: 'managed/',
  operationId: '0'.repeat(32),
  notification: '1',
  anywhereCacheId: 'us-central1-a',
  rapidCacheId: 'us-central1-a',
};

const QUERIES: Partial<Record<MethodId, string>> = {
  'buckets.insert': 'project=p',
  'buckets.lockRetentionPolicy': 'ifMetagenerationMatch=1',
  'buckets.restore': 'generation=1',
  'objects.insert': 'uploadType=media&name=new',
  'objects.restore': 'generation=1',
};

const POLICY = { bindings: [] };
const GRANT = { entity: 'allUsers', role: 'READER' };
const BODIES: Partial<Record<MethodId, Readonly<Record<string, unknown>>>> = {
  'bucketAccessControls.insert': GRANT,
  'buckets.insert': { name: 'new-bucket' },
  'buckets.setIamPolicy': POLICY,
  'defaultObjectAccessControls.insert': GRANT,
  'managedFolders.setIamPolicy': POLICY,
  'notifications.insert': { topic: '//pubsub.googleapis.com/projects/example/topics/topic', payload_format: 'NONE' },
  'objectAccessControls.insert': GRANT,
  'objects.setIamPolicy': POLICY,
  'objects.compose': { sourceObjects: [{ name: 'there' }] },
};

function targetOf({ id, pattern }: Method): string {
  const path = pattern.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(PLACES[name] ?? name));
  return `/storage/v1${path}${QUERIES[id] === undefined ? '' : `?${QUERIES[id]}`}`;
}

/** Every row, as text. */
async function rowsOf(metadata: MetadataStore): Promise<readonly string[]> {
  const range = { start: Buffer.of(0), end: Buffer.of(0xff) };
  const rows = await metadata.scan(range, { limit: 100_000 });
  return rows.map(({ key, value }) => `${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('hex')}`);
}

describe('a site refuses what would change the bucket of its cloud', () => {
  let followed: FollowedCloud;
  let cloudRows: MemoryMetadataStore;

  before(async () => {
    cloudRows = new MemoryMetadataStore({ clock: systemClock, crashPoints: noCrashPoints });
    followed = await FollowedCloud.start({ cloud: { metadata: cloudRows } });
    const { cloud } = followed;
    await cloud.call('POST', '/storage/v1/b?project=p', { body: { name: 'lake' } });
    await cloud.put('lake', 'there');
    await followed.arrived('lake');
  });
  after(() => followed[Symbol.asyncDispose]());

  const refused = ({ status, text, json }: Answer) => {
    assert.equal(status, 403, text);
    const { message, errors } = json.error;
    assert.equal(errors[0]?.reason, 'forbidden');
    assert.match(message, /owned by cloud; write there/);
    assert.ok(message.includes(followed.cloud.base), `${message} says where to write`);
  };

  for (const method of WRITING) {
    const { id, verb } = method;
    if (OF_THE_SITE.includes(id)) continue;
    test(id, async () => {
      const [siteBefore, cloudBefore] = [await rowsOf(followed.metadata), await rowsOf(cloudRows)];
      const options = verb === 'DELETE' ? {} : { body: BODIES[id] ?? {} };
      refused(await followed.site.call(verb, targetOf(method), options));
      for (const path of method.uploadPaths) {
        const upload = path.replace(':bucket', 'lake');
        for (const type of ['media', 'multipart', 'resumable'])
          refused(await followed.site.call(verb, `${upload}?uploadType=${type}&name=new`, options));
      }
      assert.deepEqual(await rowsOf(followed.metadata), siteBefore, 'the site is as it was');
      assert.deepEqual(await rowsOf(cloudRows), cloudBefore, 'the cloud is as it was');
    });
  }

  test('what this test takes for writing is what the site takes for it', () => {
    const refusedHere = Object.values(METHODS).filter(({ id }) => STANDING[id] === 'refused');
    const expected = WRITING.filter(({ id }) => !OF_THE_SITE.includes(id));
    assert.deepEqual(refusedHere, expected);
  });

  test('in a batch as well', async () => {
    const part = 'DELETE /storage/v1/b/lake/o/there HTTP/1.1\r\n\r\n';
    const { text } = await followed.site.call('POST', '/batch/storage/v1', {
      headers: { 'Content-Type': 'multipart/mixed; boundary=part' },
      body: `--part\r\nContent-Type: application/http\r\nContent-ID: <1>\r\n\r\n${part}\r\n--part--`,
    });
    assert.match(text, /HTTP\/1\.1 403 /);
    assert.equal((await followed.site.get('lake', 'there')).status, 200);
  });

  test('a bucket that is not there is a 404 as anywhere', async () => {
    assert.equal((await followed.site.call('DELETE', '/storage/v1/b/absent/o/there')).status, 404);
  });
});
