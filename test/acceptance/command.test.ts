/**
 * The contract of the command, black box: start-up lines, readiness, exit codes, draining, refusals. Acceptance runs
 * and scripts of users rely on every word of it.
 */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { StraitProcess, strait } from '../support/strait-process.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const FREE_PORT = '127.0.0.1:0';

function serve(site: string, folder: string, more: readonly string[] = []): StraitProcess {
  const place = ['--site', site, '--listen', FREE_PORT, '--data', join(folder, site)];
  return new StraitProcess(['serve', ...place, '--insecure-open', ...more]);
}

async function makeBucket(cloud: string, name: string): Promise<void> {
  const body = JSON.stringify({ name });
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(`${cloud}/storage/v1/b?project=p`, { method: 'POST', body, headers });
  assert.equal(response.status, 200);
}

async function put(cloud: string, bucket: string, name: string, body: string): Promise<void> {
  const query = `uploadType=media&name=${encodeURIComponent(name)}`;
  const response = await fetch(`${cloud}/upload/storage/v1/b/${bucket}/o?${query}`, { method: 'POST', body });
  assert.equal(response.status, 200);
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await isSo())) {
    assert.ok(performance.now() - started < 20_000, `after 20 s still not: ${what}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

describe('a cloud and a site', () => {
  let folder: TemporaryFolder;
  let cloud: StraitProcess;
  let site: StraitProcess;
  let [cloudUrl, siteUrl] = ['', ''];

  before(async () => {
    folder = await temporaryFolder('command');
    cloud = serve('cloud', folder.path);
    cloudUrl = await cloud.url();
    await makeBucket(cloudUrl, 'lake');
    await put(cloudUrl, 'lake', 'a/b.txt', 'hello');
    site = serve('east', folder.path, ['--cloud', cloudUrl, '--reconcile-ms', '500']);
    siteUrl = await site.url();
  });

  after(async () => {
    await Promise.all([site?.kill(), cloud?.kill()]);
    await folder[Symbol.asyncDispose]();
  });

  test('the first line says where and as which site, the second is always the same', () => {
    assert.equal(cloud.stdout, `site cloud listens on ${cloudUrl} and follows nobody\nidentity is not checked yet\n`);
    assert.match(site.stdout, /^site east listens on http:\/\/127\.0\.0\.1:\d+ and follows http:.*\nidentity is not /);
  });

  test('/readyz answers 200, /metrics speaks Prometheus', async () => {
    for (const url of [cloudUrl, siteUrl]) assert.equal((await fetch(`${url}/readyz`)).status, 200);
    const metrics = await (await fetch(`${siteUrl}/metrics`)).text();
    assert.match(metrics, /^strait_process_memory_bytes\{kind="rss"\} \d+$/m);
  });

  test('status and verify exit 0 when caught up and equal; the bytes are there', async () => {
    await until('caught up', async () => (await strait(['status', '--site', siteUrl])).code === 0);
    const status = await strait(['status', '--site', siteUrl, '--cloud', cloudUrl, '--json']);
    const { site: name, caughtUp, backlog, cloud: followed } = JSON.parse(status.stdout);
    assert.deepEqual([name, caughtUp, backlog, followed], ['east', true, 0, cloudUrl]);
    const verify = await strait(['verify', '--site', siteUrl, '--cloud', cloudUrl, '--json']);
    assert.equal(verify.code, 0, verify.stdout + verify.stderr);
    const { equal, objects, differences } = JSON.parse(verify.stdout);
    assert.deepEqual([equal, objects, differences], [true, 1, []]);
    const bytes = await fetch(`${siteUrl}/storage/v1/b/lake/o/${encodeURIComponent('a/b.txt')}?alt=media`);
    assert.equal(await bytes.text(), 'hello');
  });

  test('$STRAIT_SITE names the site', async () => {
    assert.equal((await strait(['status'], { STRAIT_SITE: siteUrl })).code, 0);
  });

  test('verify exits 1 and names what differs', async () => {
    const other = serve('other', folder.path);
    const otherUrl = await other.url();
    await makeBucket(otherUrl, 'lake');
    await put(otherUrl, 'lake', 'a/b.txt', 'other');
    await put(otherUrl, 'lake', 'only there', 'x');
    const { code, stdout } = await strait(['verify', '--site', siteUrl, '--cloud', otherUrl, '--json']);
    assert.equal(code, 1);
    const { equal, differences } = JSON.parse(stdout);
    assert.equal(equal, false);
    const kinds = differences.map(({ name, kind }: { name: string; kind: string }) => `${name}: ${kind}`);
    assert.deepEqual(kinds.toSorted(), ['a/b.txt: different', 'only there: missing']);
    assert.equal((await other.stop()).code, 0);
  });

  test('a site is read-only: writes and new buckets are refused with the owner named', async () => {
    await until('the bucket is here', async () => (await fetch(`${siteUrl}/storage/v1/b/lake`)).status === 200);
    const write = await fetch(`${siteUrl}/upload/storage/v1/b/lake/o?uploadType=media&name=x`, {
      method: 'POST',
      body: 'x',
    });
    assert.equal(write.status, 403);
    assert.match(await write.text(), /lake is owned by cloud/);
    const body = JSON.stringify({ name: 'mine' });
    const bucket = await fetch(`${siteUrl}/storage/v1/b?project=p`, { method: 'POST', body });
    assert.equal(bucket.status, 403);
  });
});

test('status exits 1 while a site has not caught up', async () => {
  await using folder = await temporaryFolder('command');
  const site = serve('east', folder.path, ['--cloud', 'http://127.0.0.1:1']);
  try {
    const url = await site.url();
    await until('the cloud that does not answer is an alarm', async () => {
      const { code, stdout } = await strait(['status', '--site', url]);
      assert.equal(code, 1);
      return /not caught up[\s\S]*^ALARM {2}cloud: /m.test(stdout);
    });
  } finally {
    await site.kill();
  }
});

test('SIGTERM lets the request under way finish, refuses new ones, and exits 0', async () => {
  await using folder = await temporaryFolder('command');
  const gateway = serve('cloud', folder.path);
  const url = await gateway.url();
  await makeBucket(url, 'lake');
  const upload = slowUpload(`${url}/upload/storage/v1/b/lake/o?uploadType=media&name=slow`);
  await upload.begun;
  const stopped = gateway.stop();
  await until('new connections are refused', async () => {
    return await fetch(`${url}/readyz`).then(
      () => false,
      () => true,
    );
  });
  assert.equal(await upload.finish(), 200);
  assert.equal((await stopped).code, 0);
});

test('a site serves on when nobody reads its log any more', async () => {
  await using folder = await temporaryFolder('command');
  const gateway = serve('cloud', folder.path);
  const url = await gateway.url();
  gateway.stopReadingLog();
  for (let call = 0; call < 3; call += 1) assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.equal((await gateway.stop()).code, 0);
});

/** Sends half of a body, and the rest when told to. */
function slowUpload(url: string) {
  const answered = Promise.withResolvers<number>();
  const outgoing = httpRequest(url, { method: 'POST', headers: { 'Content-Length': 8 } }, (response) => {
    response.resume().on('end', () => answered.resolve(response.statusCode ?? 0));
  });
  outgoing.on('error', answered.reject);
  const begun = new Promise<void>((resolve) => {
    outgoing.write('half', () => setTimeout(resolve, 200));
  });
  const finish = () => {
    outgoing.end('done');
    return answered.promise;
  };
  return { begun, finish };
}

const REFUSED: readonly (readonly [why: string, args: readonly string[], expected: RegExp])[] = [
  ['off loopback', ['--listen', '0.0.0.0:0'], /identity is not checked yet.*--insecure-open/],
  ['an unknown flag', ['--reconcil-ms', '1'], /unknown flag --reconcil-ms; did you mean --reconcile-ms\?/],
  ['a real cloud with nothing hot', ['--cloud', 'https://lake.example.com'], /--hot-all/],
  ['a crash point outside fault tests', ['--crash-at', 'metadata.before-commit:1'], /STRAIT_TEST_FAULTS=1/],
];
for (const [why, args, expected] of REFUSED) {
  test(`serve refuses ${why}, with exit 2`, async () => {
    const refused = new StraitProcess(['serve', '--site', 'east', '--data', 'never-made', ...args]);
    const late = setTimeout(() => void refused.kill(), 20_000);
    const { code, stderr } = await refused.exited();
    clearTimeout(late);
    assert.equal(code, 2, 'it does not end by itself');
    assert.match(stderr, expected);
  });
}

test('serve says in words that a port is taken, and exits 2', async () => {
  await using folder = await temporaryFolder('command');
  const first = serve('one', folder.path);
  const { host } = new URL(await first.url());
  const data = join(folder.path, 'two');
  const { code, stderr } = await strait(['serve', '--site', 'two', '--listen', host, '--data', data]);
  assert.equal(code, 2);
  assert.match(stderr, /^strait serve: listen EADDRINUSE.*--listen\n$/m);
  await first.kill();
});

test('--print-config shows what is in force and starts nothing', async () => {
  const secret = 'postgres://strait:hunter2@db/strait';
  const args = ['serve', '--site', 'east', '--data', 'x', '--metadata', 'postgres', '--print-config'];
  const { code, stdout } = await strait(args, { STRAIT_METADATA_URL: secret });
  assert.equal(code, 0);
  assert.match(stdout, /^metadataUrl: \(hidden\)$/m);
  assert.ok(!stdout.includes('hunter2'));
});
