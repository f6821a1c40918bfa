/**
 * A site is a faithful, read-only image of the cloud's buckets, black box over HTTP: what it answers of an object, what
 * it refuses, and what it does when the cloud cannot be reached.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { StraitProcess } from '../support/strait-process.ts';
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts';

const LARGE = 'z'.repeat(20_000);

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function call(method: string, url: string, body?: unknown): Promise<Answer> {
  const init =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
  const response = await fetch(url, { method, ...init });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const started = performance.now();
  while (!(await isSo())) {
    assert.ok(performance.now() - started < 20_000, `after 20 s still not: ${what}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

/** The resource without what is rendered from the request's own Host. */
function withoutLinks(text: string): Record<string, unknown> {
  const { selfLink: _self, mediaLink: _media, ...rest } = JSON.parse(text);
  return rest;
}

describe('a site as the image of its cloud', () => {
  let folder: TemporaryFolder;
  let cloud: StraitProcess;
  let site: StraitProcess;
  let [cloudUrl, siteUrl] = ['', ''];

  async function upload(name: string, text: string, resource: object = {}): Promise<void> {
    const boundary = 'part';
    const parts = [`Content-Type: application/json\r\n\r\n${JSON.stringify({ name, ...resource })}`];
    parts.push(`Content-Type: text/plain\r\n\r\n${text}`);
    const body = `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--`;
    const headers = { 'Content-Type': `multipart/related; boundary=${boundary}` };
    const url = `${cloudUrl}/upload/storage/v1/b/lake/o?uploadType=multipart`;
    assert.equal((await fetch(url, { method: 'POST', body, headers })).status, 200);
  }

  before(async () => {
    folder = await temporaryFolder('site');
    const place = (name: string) => ['--site', name, '--listen', '127.0.0.1:0', '--data', join(folder.path, name)];
    cloud = new StraitProcess(['serve', ...place('cloud'), '--insecure-open', '--as-gcs', 'plain']);
    cloudUrl = await cloud.url();
    assert.equal((await call('POST', `${cloudUrl}/storage/v1/b?project=p`, { name: 'lake' })).status, 200);
    await upload('kept/a b%.txt', 'hello', {
      cacheControl: 'no-store',
      contentLanguage: 'el',
      metadata: { team: 'ops' },
      customTime: '2020-01-02T03:04:05Z',
    });
    await upload('kept/large', LARGE);
    await upload('cold/large', LARGE);
    await upload('far/large', LARGE);
    const policies = [
      { prefix: 'gs://lake/cold/', policy: 'metadata-only' },
      { prefix: 'gs://lake/far/', policy: 'pass-through' },
    ];
    const config = join(folder.path, 'strait.yaml');
    await writeFile(config, JSON.stringify({ policies }));
    const follow = ['--cloud', cloudUrl, '--reconcile-ms', '500', '--hot-all', '--config', config];
    site = new StraitProcess(['serve', ...place('east'), '--insecure-open', ...follow]);
    siteUrl = await site.url();
    await until('caught up', async () => {
      const { text } = await call('GET', `${siteUrl}/admin/v1/status`);
      return JSON.parse(text).caughtUp === true;
    });
  });

  after(async () => {
    await Promise.all([site?.kill(), cloud?.kill()]);
    await folder[Symbol.asyncDispose]();
  });

  test('every attribute is the cloud’s; links are the site’s', async () => {
    const path = `/storage/v1/b/lake/o/${encodeURIComponent('kept/a b%.txt')}`;
    const there = await call('GET', cloudUrl + path);
    const here = await call('GET', siteUrl + path);
    assert.equal(here.status, 200);
    assert.deepEqual(withoutLinks(here.text), withoutLinks(there.text));
    assert.ok(JSON.parse(here.text).mediaLink.startsWith(siteUrl));
    const media = await call('GET', JSON.parse(here.text).mediaLink);
    assert.equal(media.text, 'hello');
    const original = await call('GET', JSON.parse(there.text).mediaLink);
    for (const header of ['x-goog-hash', 'x-goog-generation', 'etag', 'cache-control', 'x-goog-meta-team']) {
      assert.equal(media.headers.get(header), original.headers.get(header), header);
    }
  });

  test('a bucket is the cloud’s too', async () => {
    const there = await call('GET', `${cloudUrl}/storage/v1/b/lake`);
    const here = await call('GET', `${siteUrl}/storage/v1/b/lake`);
    assert.deepEqual(withoutLinks(here.text), withoutLinks(there.text));
  });

  test('a listing is the cloud’s, names that pass through included', async () => {
    const path = '/storage/v1/b/lake/o?fields=items(name,generation,md5Hash),nextPageToken&maxResults=3';
    const there = await call('GET', cloudUrl + path);
    const here = await call('GET', siteUrl + path);
    assert.deepEqual(JSON.parse(here.text).items, JSON.parse(there.text).items);
  });

  test('whatever writes is refused with the owner’s name', async () => {
    const object = `${siteUrl}/storage/v1/b/lake/o/${encodeURIComponent('kept/large')}`;
    const answers = [
      await call('POST', `${siteUrl}/upload/storage/v1/b/lake/o?uploadType=media&name=new`, {}),
      await call('POST', `${siteUrl}/upload/storage/v1/b/lake/o?uploadType=resumable&name=new`, {}),
      await call('PATCH', object, { contentType: 'text/html' }),
      await call('DELETE', object),
      await call('POST', `${object}/copyTo/b/lake/o/copy`, {}),
      await call('POST', `${object}/rewriteTo/b/lake/o/copy`, {}),
      await call('POST', `${siteUrl}/storage/v1/b/lake/o/all/compose`, { sourceObjects: [{ name: 'kept/large' }] }),
      await call('PATCH', `${siteUrl}/storage/v1/b/lake`, { labels: { a: 'b' } }),
      await call('DELETE', `${siteUrl}/storage/v1/b/lake`),
      await call('POST', `${siteUrl}/storage/v1/b?project=p`, { name: 'new-bucket' }),
    ];
    for (const [index, { status, text }] of answers.entries()) {
      assert.equal(status, 403, `${index}: ${text}`);
      assert.equal(JSON.parse(text).error.errors[0].reason, 'forbidden');
    }
    assert.match(answers[3]?.text ?? '', /gs:\/\/lake is owned by cloud; write there/);
  });

  test('without the cloud: kept bytes serve, others answer 503 and never 404', async () => {
    const media = (name: string) => call('GET', `${siteUrl}/storage/v1/b/lake/o/${encodeURIComponent(name)}?alt=media`);
    assert.ok((await media('cold/large')).text === LARGE, 'cold');
    assert.ok((await media('far/large')).text === LARGE, 'far');
    await cloud.kill();
    assert.ok((await media('kept/large')).text === LARGE, 'kept');
    for (const name of ['cold/large', 'far/large']) {
      const answer = await media(name);
      assert.equal(answer.status, 503, `${name}: ${answer.text}`);
      assert.ok(Number(answer.headers.get('retry-after')) >= 1, `${name}: Retry-After`);
    }
    assert.equal((await media('kept/none')).status, 404);
  });
});
