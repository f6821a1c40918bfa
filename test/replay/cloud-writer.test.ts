import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { CloudWriter, ForeignObjectError } from '../../src/apps/demo/replay/cloud-writer.ts';
import { crc32cOf, type ReplayPlan } from '../../src/apps/demo/replay/plan.ts';
import { TableReplay } from '../../src/apps/demo/replay/table-replay.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { FakeGcs } from '../support/fake-gcs.ts';

function upload(name: string, text: string) {
  const content = Buffer.from(text);
  return { name, content, crc32c: crc32cOf(content) };
}

const plan: ReplayPlan = {
  table: 't',
  format: 'iceberg',
  before: [upload('properties', 'p0')],
  steps: [
    { label: '1', uploads: [upload('a %25+', 'A'), upload('hint', '1')] },
    { label: '2', uploads: [upload('b', 'B'), upload('hint', '2')] },
    { label: '3', uploads: [upload('c', 'C'), upload('hint', '3'), upload('properties', 'p1')] },
  ],
  after: [upload('rest', '')],
};

describe('the replayer as a client of the cloud', () => {
  let cloud: FakeGcs;
  let endpoint: string;

  before(async () => {
    cloud = new FakeGcs('lake');
    endpoint = await cloud.listen();
  });
  after(() => cloud.close());
  beforeEach(() => {
    cloud.objects.clear();
    cloud.stored.length = 0;
  });

  async function replay(): Promise<void> {
    const writer = new CloudWriter(systemClock, { endpoint, project: 'p', patienceMs: 5_000 });
    await writer.ensureBucket('lake');
    const table = new TableReplay(writer, plan, { bucket: 'lake', prefix: 't/' });
    while ((await table.step()) !== undefined);
    await table.finish();
  }

  function text(name: string): string | undefined {
    const bytes = cloud.objects.get(`t/${name}`)?.bytes;
    return bytes === undefined ? undefined : Buffer.from(bytes).toString();
  }

  const everything = ['properties', 'a %25+', 'hint', 'b', 'hint', 'c', 'hint', 'properties', 'rest'];

  test('uploads in the order of the plan', async () => {
    await replay();
    assert.deepEqual(
      cloud.stored,
      everything.map((name) => `t/${name}`),
    );
    assert.deepEqual([text('hint'), text('properties'), text('rest')], ['3', 'p1', '']);
  });

  test('a second run finds everything there and moves no hint back', async () => {
    await replay();
    cloud.stored.length = 0;
    await replay();
    assert.deepEqual(cloud.stored, []);
    assert.equal(text('hint'), '3');
  });

  test('what is remembered to be there is not sent at all', async () => {
    await replay();
    const requests = cloud.posts;
    const writer = new CloudWriter(systemClock, { endpoint, project: 'p', patienceMs: 5_000 });
    await writer.remember('lake');
    const again = new TableReplay(writer, plan, { bucket: 'lake', prefix: 't/' });
    while ((await again.step()) !== undefined);
    await again.finish();
    assert.deepEqual([cloud.posts - requests, again.sent], [0, 0]);
  });

  test('a run goes on where an earlier one stopped', async () => {
    const writer = new CloudWriter(systemClock, { endpoint, project: 'p', patienceMs: 5_000 });
    const first = new TableReplay(writer, plan, { bucket: 'lake', prefix: 't/' });
    await first.step();
    await first.step();
    const stopped = cloud.stored.length;
    await replay();
    assert.deepEqual(
      cloud.stored.slice(stopped),
      ['c', 'hint', 'properties', 'rest'].map((name) => `t/${name}`),
    );
  });

  test('refused uploads and lost answers are tried again, and stored once', async () => {
    cloud.fates.push('answerLost', 'refused', 'answerLost', 'refused', 'refused');
    await replay();
    assert.deepEqual(
      cloud.stored,
      everything.map((name) => `t/${name}`),
    );
  });

  test('somebody else’s object under one of our names is an error, not success', async () => {
    cloud.put('t/b', Buffer.from('not ours'));
    await assert.rejects(replay(), ForeignObjectError);
    assert.equal(text('b'), 'not ours');
  });
});
