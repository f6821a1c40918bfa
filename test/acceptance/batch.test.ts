/** Item 39 of `reference/gcs-api.md` §5: batches. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gcsForTests, objectPath } from '../support/gcs.ts';

const gcs = gcsForTests();

interface BatchPart {
  readonly id: string | undefined;
  readonly statusLine: string;
  readonly body: string;
}

async function batch(
  calls: readonly string[],
  path = '/batch/storage/v1',
  eol = '\r\n',
): Promise<readonly BatchPart[]> {
  const parts = calls.map((call, index) =>
    ['--b', 'Content-Type: application/http', `Content-ID: <id+${index}>`, '', call.replaceAll('\n', eol), ''].join(
      eol,
    ),
  );
  const answer = await gcs.call('POST', path, {
    headers: { 'Content-Type': 'multipart/mixed; boundary="b"' },
    body: `${parts.join('')}--b--`,
  });
  assert.equal(answer.status, 200, answer.text);
  const boundary = /boundary=(.*)/.exec(answer.headers['content-type'] ?? '')?.[1] ?? '';
  return answer.text
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const [head = '', inner = '', ...body] = part.split('\r\n\r\n');
      return {
        id: /Content-ID: (.*)/.exec(head)?.[1],
        statusLine: inner.split('\r\n')[0] ?? '',
        body: body.join('\r\n\r\n').trim(),
      };
    });
}

test('39: calls are answered in order, each with its Content-ID and a full status line', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'a');
  await gcs.put(bucket, 'b/c');
  const patch = JSON.stringify({ metadata: { k: 'v' } });
  const found = await batch([
    `GET ${objectPath(bucket, 'a')} HTTP/1.1\nAccept: application/json\n`,
    `PATCH ${objectPath(bucket, 'b/c')} HTTP/1.1\nContent-Type: application/json\n\n${patch}`,
    `DELETE ${objectPath(bucket, 'a')} HTTP/1.1\n`,
    `GET ${objectPath(bucket, 'missing')} HTTP/1.1\n`,
    `GET http://elsewhere.example${objectPath(bucket, 'b/c')}?fields=metadata HTTP/1.1\n`,
  ]);
  assert.deepEqual(
    found.map((part) => part.id),
    [0, 1, 2, 3, 4].map((index) => `<response-id+${index}>`),
  );
  assert.deepEqual(
    found.map((part) => part.statusLine),
    ['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.1 204 No Content', 'HTTP/1.1 404 Not Found', 'HTTP/1.1 200 OK'],
  );
  assert.equal(JSON.parse(found[0]?.body ?? '').name, 'a');
  assert.deepEqual(JSON.parse(found[1]?.body ?? '').metadata, { k: 'v' });
  assert.equal(JSON.parse(found[3]?.body ?? '').error.errors[0].reason, 'notFound');
});

test('39: a hundred deletes in one batch, on every path batches come by', async () => {
  const bucket = await gcs.bucket();
  for (const path of ['/batch/storage/v1', '/batch/storage/v1/anything', '/batch']) {
    const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
    await Promise.all(names.map((name) => gcs.put(bucket, name)));
    const found = await batch(
      names.map((name) => `DELETE ${objectPath(bucket, name)} HTTP/1.1\n`),
      path,
    );
    assert.equal(found.length, 100);
    assert.ok(found.every((part) => part.statusLine === 'HTTP/1.1 204 No Content'));
    assert.equal((await gcs.list(bucket)).json.items, undefined);
  }
});

test('39: parts with bare line feeds, as Python writes them', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'a');
  const patch = JSON.stringify({ contentType: 'x/y' });
  const call = `PATCH ${objectPath(bucket, 'a')} HTTP/1.1\nContent-Type: application/json\n\n${patch}`;
  const found = await batch([call], '/batch/storage/v1', '\n');
  assert.equal(JSON.parse(found[0]?.body ?? '').contentType, 'x/y');
});

test('39: headers of the batch apply to its calls, preconditions do not', async () => {
  const bucket = await gcs.bucket();
  const { generation } = await gcs.put(bucket, 'a');
  const match = 'x-goog-if-generation-match';
  const found = await batch([
    `GET ${objectPath(bucket, 'a')}?ifGenerationMatch=1 HTTP/1.1\n`,
    [`POST ${objectPath(bucket, 'a')} HTTP/1.1`, 'X-HTTP-Method-Override: DELETE', `${match}: ${generation}`, ''].join(
      '\n',
    ),
  ]);
  assert.deepEqual(
    found.map((part) => part.statusLine),
    ['HTTP/1.1 412 Precondition Failed', 'HTTP/1.1 204 No Content'],
  );
});

test('39: media and nonsense are refused, part by part', async () => {
  const bucket = await gcs.bucket();
  await gcs.put(bucket, 'a');
  const found = await batch([
    `GET ${objectPath(bucket, 'a')}?alt=media HTTP/1.1\n`,
    `POST /upload${objectPath(bucket, 'a')}?uploadType=media HTTP/1.1\n\nx`,
    'nonsense',
    'GET /storage/v1/b/x/o/%ff HTTP/1.1\n',
    'POST /batch/storage/v1 HTTP/1.1\n',
    'TRACE /storage/v1/b HTTP/1.1\n',
    `GET ${objectPath(bucket, 'a')} HTTP/1.1\n`,
  ]);
  const statuses = found.map((part) => Number(part.statusLine.split(' ')[1]));
  assert.deepEqual(statuses, [400, 400, 400, 400, 404, 400, 200]);
});

test('39: a body that is no batch is 400', async () => {
  const send = (type: string, body: string) =>
    gcs.call('POST', '/batch/storage/v1', { headers: { 'Content-Type': type }, body });
  assert.equal((await send('application/json', '{}')).status, 400);
  assert.equal((await send('multipart/mixed', 'x')).status, 400);
  assert.equal((await send('multipart/mixed; boundary=b', 'x')).status, 400);
  assert.equal((await send('multipart/mixed; boundary=b', '--b--')).status, 400);
  assert.equal((await send('multipart/mixed; boundary=b', '--b\r\n\r\nGET /storage/v1/b HTTP/1.1\r\n')).status, 400);
  const many = `${'--b\r\n\r\nGET /b HTTP/1.1\r\n\r\n'.repeat(1001)}--b--`;
  assert.equal((await send('multipart/mixed; boundary=b', many)).status, 400);
  assert.equal((await send('multipart/mixed; boundary=b', `--b\r\n\r\n${'x'.repeat(11 * 1024 * 1024)}`)).status, 413);
});
