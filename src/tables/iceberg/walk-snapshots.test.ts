import assert from 'node:assert/strict';
import test from 'node:test';
import { IcebergGenerator } from '../../../test/support/generate-iceberg.ts';
import { MemoryTableFiles } from '../../../test/support/memory-table-files.ts';
import { collect } from '../../../test/support/walk-table.ts';
import { readPublished } from './read-log.ts';
import { pathResolver } from './resolve-path.ts';
import { SnapshotWalk } from './walk-snapshots.ts';

test('past its budget of names the walk still finds every new manifest, and no old one', async () => {
  const files = new MemoryTableFiles();
  const table = new IcebergGenerator({ bucket: 'lake', prefix: 't/' });
  files.apply(table.append(300, 150)).apply(table.append(100, 100)).apply(table.append(80, 40));
  const metadata = await readPublished(files, table.metadataName);
  assert.ok(metadata);
  const [first, second, third] = metadata.snapshots;
  assert.ok(first && second && third);
  const resolve = pathResolver({ bucket: 'lake', prefix: 't/', format: 'iceberg' });
  const roomy = new SnapshotWalk(files, resolve);
  const tight = new SnapshotWalk(files, resolve, 64);
  const all = await collect(roomy.freshManifests([third, second], [], 'head'));
  assert.equal(all.length, 290);
  assert.equal(new Set(all).size, 290);
  assert.deepEqual(new Set(await collect(tight.freshManifests([third, second], [], 'head'))), new Set(all));
  const fresh = await collect(roomy.freshManifests([third, second], [first], 'head'));
  assert.equal(fresh.length, 140);
  assert.deepEqual(new Set(await collect(tight.freshManifests([third, second], [first], 'head'))), new Set(fresh));
});
