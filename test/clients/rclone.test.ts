/** rclone, unmodified: it downloads from `mediaLink` and keeps modification times in custom metadata. */
import assert from 'node:assert/strict';
import { rmSync, utimesSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Feature } from '../support/client-features.ts';
import { findRclone } from '../support/client-tools.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { testClient } from './client-suite.ts';
import { MIB, noise, Scene } from './command-line/scene.ts';

const rclone = findRclone();

function program(url: string) {
  const args = ['--config', '/dev/null', '--retries', '1', '--low-level-retries', '3'];
  const environment = {
    RCLONE_CONFIG_STRAIT_TYPE: 'google cloud storage',
    RCLONE_CONFIG_STRAIT_ENDPOINT: `${url}/storage/v1/`,
    RCLONE_CONFIG_STRAIT_ANONYMOUS: 'true',
    RCLONE_CONFIG_STRAIT_PROJECT_NUMBER: 'test',
  };
  return { path: rclone ?? '', args, environment };
}

const at = (scene: Scene, name = '') => `strait:${scene.bucket}/${name}`;

/** A folder with names and sizes of all sorts. */
function makeTree(scene: Scene): string {
  for (const name of ['a', 'b ü', 'deep/c', 'deep/er/d']) scene.file(`tree/${name}`, `content of ${name}`);
  scene.file('tree/empty', '');
  scene.file('tree/large', noise(20 * MIB + 17));
  return scene.path('tree');
}

const bodies: Partial<Record<Feature, (scene: Scene) => Promise<void>>> = {
  buckets: async (scene) => {
    await scene.run('mkdir', at(scene));
    assert.match(await scene.run('lsd', 'strait:'), new RegExp(scene.bucket));
    await scene.run('copyto', scene.file('file'), at(scene, 'content'));
    await scene.fails(/not empty/, 'rmdir', at(scene));
    await scene.run('deletefile', at(scene, 'content'));
    await scene.run('rmdir', at(scene));
    await scene.run('mkdir', at(scene));
    await scene.run('copy', scene.path('file'), at(scene, 'dir'));
    await scene.run('purge', at(scene));
    assert.doesNotMatch(await scene.run('lsd', 'strait:'), new RegExp(scene.bucket));
  },

  'upload-simple': async (scene) => {
    await scene.run('mkdir', at(scene));
    const content = noise(9 * MIB);
    for (const size of [0, 14, content.length]) {
      await scene.run('copyto', scene.file('file', content.subarray(0, size)), at(scene, `dir/ü ${size}`));
      assert.equal((await scene.run('lsf', '--format', 's', at(scene, `dir/ü ${size}`))).trim(), `${size}`);
    }
    await scene.run('copyto', at(scene, `dir/ü ${content.length}`), scene.path('down'));
    scene.assertFile('down', content);
  },

  download: async (scene) => {
    const tree = makeTree(scene);
    await scene.run('copy', tree, at(scene));
    await scene.run('copy', at(scene), scene.path('down'));
    await scene.run('check', '--download', scene.path('down'), tree);
    await scene.run(
      'copy',
      '--multi-thread-streams',
      '4',
      '--multi-thread-cutoff',
      '1M',
      at(scene),
      scene.path('parts'),
    );
    await scene.run('check', '--download', scene.path('parts'), tree);
  },

  ranges: async (scene) => {
    await scene.run('copyto', scene.file('digits', '0123456789'), at(scene, 'digits'));
    assert.equal(await scene.run('cat', '--offset', '3', '--count', '4', at(scene, 'digits')), '3456');
    assert.equal(await scene.run('cat', '--tail', '3', at(scene, 'digits')), '789');
    assert.equal(await scene.run('cat', '--head', '3', at(scene, 'digits')), '012');
  },

  gzip: async (scene) => {
    const content = 'a line that repeats itself\n'.repeat(10_000);
    await scene.run('mkdir', at(scene));
    // Not by rclone itself: of objects with its own modification times it expects the size as stored even so.
    await scene.put('packed', gzipSync(content), 'contentEncoding=gzip');
    await scene.run('copyto', at(scene, 'packed'), scene.path('as-stored'));
    scene.assertFile('as-stored', gzipSync(content));
    await scene.run('copyto', '--gcs-decompress', at(scene, 'packed'), scene.path('unpacked'));
    scene.assertFile('unpacked', content);
  },

  checksums: async (scene) => {
    const tree = makeTree(scene);
    await scene.run('copy', '--checksum', tree, at(scene));
    await scene.run('check', tree, at(scene));
    const sums = await scene.lines('md5sum', at(scene));
    assert.deepEqual(sums.toSorted(), (await scene.lines('md5sum', tree)).toSorted());
    scene.file('tree/a', 'something else');
    await scene.fails(/1 differences found/, 'check', tree, at(scene));
  },

  list: async (scene) => {
    await scene.run('copy', makeTree(scene), at(scene));
    const all = await scene.lines('lsf', '-R', '--files-only', at(scene));
    assert.deepEqual(all.toSorted(), ['a', 'b ü', 'deep/c', 'deep/er/d', 'empty', 'large']);
    assert.deepEqual((await scene.lines('lsf', at(scene, 'deep'))).toSorted(), ['c', 'er/']);
    const flat = await scene.lines('lsf', '-R', '--files-only', '--fast-list', at(scene));
    assert.deepEqual(flat.toSorted(), all.toSorted());
    assert.deepEqual(await scene.lines('lsf', '--include', '*.none', at(scene)), ['deep/']);
    assert.deepEqual(JSON.parse(await scene.run('size', '--json', at(scene, 'deep'))), {
      count: 2,
      bytes: 37,
      sizeless: 0,
    });
  },

  copy: async (scene) => {
    await scene.run('copyto', scene.file('source', noise(3 * MIB)), at(scene, 'source'));
    await scene.run('copyto', at(scene, 'source'), at(scene, 'copy'));
    await scene.run('copyto', at(scene, 'source'), `strait:${scene.bucket}-other/copy`);
    await scene.run('check', '--download', at(scene), `strait:${scene.bucket}-other`, '--include', 'copy');
    await scene.run('moveto', at(scene, 'copy'), at(scene, 'moved'));
    assert.deepEqual(await scene.lines('lsf', at(scene)), ['moved', 'source']);
  },

  rewrite: async (scene) => {
    await scene.run('mkdir', at(scene));
    await scene.run('mkdir', '--gcs-location', 'ASIA', `strait:${scene.bucket}-far`);
    await scene.run('copyto', scene.file('source', noise(4 * MIB + 5)), at(scene, 'source'));
    await scene.run('copyto', at(scene, 'source'), `strait:${scene.bucket}-far/source`);
    await scene.run('check', '--download', at(scene), `strait:${scene.bucket}-far`);
  },

  metadata: async (scene) => {
    const file = scene.file('dated');
    utimesSync(file, new Date('2001-02-03T04:05:06Z'), new Date('2001-02-03T04:05:06Z'));
    await scene.run('copyto', file, at(scene, 'dated'));
    const time = async () => Date.parse(JSON.parse(await scene.run('lsjson', '--stat', at(scene, 'dated'))).ModTime);
    assert.equal(await time(), Date.parse('2001-02-03T04:05:06Z'));
    await scene.run('touch', '--timestamp', '2010-11-12T13:14:15', at(scene, 'dated'));
    assert.equal(await time(), Date.parse('2010-11-12T13:14:15Z'));
    await scene.run('copyto', '--header-upload', 'Content-Type: text/x', file, at(scene, 'typed'));
    assert.equal(JSON.parse(await scene.run('lsjson', '--stat', '-M', at(scene, 'typed'))).MimeType, 'text/x');
  },

  sync: async (scene) => {
    const tree = makeTree(scene);
    await scene.run('sync', tree, at(scene));
    scene.file('tree/a', 'changed');
    scene.file('tree/new', 'new');
    rmSync(scene.path('tree/deep/c'));
    await scene.run('sync', tree, at(scene));
    await scene.run('check', '--download', tree, at(scene));
    assert.equal(await scene.run('cat', at(scene, 'a')), 'changed');
    await scene.run('sync', at(scene), scene.path('other'));
    // Both ways: each side changes, and both end up with both changes.
    await scene.run('bisync', '--resync', '--workdir', scene.path('work'), scene.path('other'), at(scene));
    scene.file('other/from-here', 'here');
    rmSync(scene.path('other/new'));
    await scene.run('copyto', scene.file('there', 'there'), at(scene, 'from-there'));
    await scene.run('deletefile', at(scene, 'deep/er/d'));
    await scene.run('bisync', '--force', '--workdir', scene.path('work'), scene.path('other'), at(scene));
    await scene.run('check', '--download', scene.path('other'), at(scene));
    const left = ['a', 'b ü', 'empty', 'from-here', 'from-there', 'large'];
    assert.deepEqual((await scene.lines('lsf', '-R', '--files-only', at(scene))).toSorted(), left);
  },

  acls: async (scene) => {
    await scene.run('mkdir', '--gcs-bucket-acl', 'publicRead', at(scene));
    await scene.run('copyto', '--gcs-object-acl', 'publicRead', scene.file('file'), at(scene, 'public'));
    const uniform = `strait:${scene.bucket}-uniform`;
    await scene.run('mkdir', '--gcs-bucket-policy-only', uniform);
    await scene.fails(
      /uniform bucket-level/,
      'copyto',
      '--gcs-object-acl',
      'publicRead',
      scene.path('file'),
      `${uniform}/x`,
    );
    await scene.run('copyto', '--gcs-bucket-policy-only', scene.path('file'), `${uniform}/x`);
  },

  retries: async (scene) => {
    await scene.run('copyto', scene.file('file', 'content'), at(scene, 'there'));
    const { id, assertDone } = await scene.faults({
      'storage.objects.list': ['return-503', 'return-reset-connection'],
      'storage.objects.get': ['return-503'],
      'storage.objects.insert': ['return-503'],
    });
    const marked = ['--low-level-retries', '10', '--retries', '3', '--header', `x-retry-test-id: ${id}`];
    assert.deepEqual(await scene.lines('lsf', ...marked, at(scene)), ['there']);
    assert.equal(await scene.run('cat', ...marked, at(scene, 'there')), 'content');
    await scene.run('copyto', ...marked, scene.path('file'), at(scene, 'new'));
    await assertDone();
    assert.equal(await scene.run('cat', at(scene, 'new')), 'content');
  },
};

testClient('rclone', {
  skip: rclone === undefined ? 'no rclone here: npm run setup:clients builds it (needs Go)' : false,
  check: async (feature, { url }) => {
    const body = bodies[feature];
    assert.ok(body, 'nothing is done about this feature');
    await using folder = await temporaryFolder('rclone');
    await body(new Scene(url, { bucket: `rclone-${feature}`, folder: folder.path, program: program(url) }));
  },
});
