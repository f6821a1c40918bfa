import assert from 'node:assert/strict';
import { apiTest } from '../support/api-test.ts';
import { assertPreconditions } from '../support/judged-preconditions.ts';
import { OBJECT_FIELDS } from '../support/object-fields.ts';

apiTest(
  { method: 'objects.insert', parameters: ['bucket', 'name'], globals: ['uploadType'] },
  'makes an object of a request of plain bytes',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const made = await gateway.put(bucket, 'a/b', 'text');
    assert.deepEqual([made.bucket, made.name, made.size], [bucket, 'a/b', '4']);
    assert.equal((await gateway.media(bucket, 'a/b')).text, 'text');
  },
);

apiTest(
  {
    method: 'objects.insert',
    fields: ['name', 'storageClass', ...Object.keys(OBJECT_FIELDS)],
  },
  'sets what the resource says',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const resource = { name: 'x', storageClass: 'NEARLINE', ...OBJECT_FIELDS };
    const made = await gateway.insert(bucket, resource, 'text');
    assert.partialDeepStrictEqual(made.json, resource);
    assert.partialDeepStrictEqual((await gateway.get(bucket, 'x')).json, resource);
  },
);

apiTest(
  { method: 'objects.insert', parameters: ['name', 'contentEncoding'] },
  'takes the name and the encoding of parameters over those of the resource',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const resource = { name: 'x', contentEncoding: 'br' };
    const { json } = await gateway.insert(bucket, resource, 'text', '&name=y&contentEncoding=zstd');
    assert.deepEqual([json.name, json.contentEncoding], ['y', 'zstd']);
  },
);

apiTest(
  { method: 'objects.insert', fields: ['contentType'], headers: ['x-upload-content-type'] },
  'refuses a type in the resource that is not that of the upload',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const refused = /\(text\/plain\) does not match Content-Type specified in metadata \(text\/csv\)/;
    const parts = (type: string) =>
      `--part\r\n\r\n{"name":"x","contentType":"${type}"}\r\n--part\r\nContent-Type: text/plain\r\n\r\n\r\n--part--`;
    for (const [contentType, status] of [
      ['text/csv', 400],
      ['text/plain', 200],
    ] as const) {
      const path = `/upload/storage/v1/b/${bucket}/o?name=x&uploadType=`;
      const multipart = await gateway.call('POST', `${path}multipart`, {
        headers: { 'Content-Type': 'multipart/related; boundary=part' },
        body: parts(contentType),
      });
      const headers = { 'X-Upload-Content-Type': 'text/plain' };
      const resumable = await gateway.call('POST', `${path}resumable`, { headers, body: { contentType } });
      for (const answer of [multipart, resumable]) {
        assert.equal(answer.status, status, answer.text);
        if (status === 400) assert.match(answer.json.error.message, refused);
      }
      assert.equal((await gateway.get(bucket, 'x')).status, status === 400 ? 404 : 200);
    }
  },
);

apiTest(
  { method: 'objects.insert', fields: ['crc32c', 'md5Hash'] },
  'refuses bytes that do not have the declared checksums',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const { crc32c, md5Hash } = await gateway.put(bucket, 'other', 'other');
    for (const declared of [{ crc32c }, { md5Hash }]) {
      assert.equal((await gateway.insert(bucket, { name: 'x', ...declared }, 'text')).status, 400);
      assert.equal((await gateway.get(bucket, 'x')).status, 404);
      assert.equal((await gateway.insert(bucket, { name: 'y', ...declared }, 'other')).status, 200);
    }
  },
);

apiTest(
  { method: 'objects.insert', headers: ['x-goog-hash', 'content-md5'] },
  'refuses bytes that do not have the checksums of headers',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const { crc32c, md5Hash } = await gateway.put(bucket, 'other', 'other');
    for (const headers of [{ 'X-Goog-Hash': `crc32c=${crc32c}` }, { 'Content-MD5': md5Hash }]) {
      const path = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=x`;
      assert.equal((await gateway.call('POST', path, { body: 'text', headers })).status, 400);
      assert.equal((await gateway.call('POST', path, { body: 'other', headers })).status, 200);
    }
  },
);

apiTest(
  {
    method: 'objects.insert',
    parameters: ['ifGenerationMatch', 'ifGenerationNotMatch', 'ifMetagenerationMatch', 'ifMetagenerationNotMatch'],
  },
  'judges preconditions against the live generation',
  async (gateway) => {
    const bucket = await gateway.bucket();
    await assertPreconditions({
      parameters: ['ifGenerationMatch', 'ifGenerationNotMatch', 'ifMetagenerationMatch', 'ifMetagenerationNotMatch'],
      make: () => gateway.put(bucket, 'x'),
      call: async (query) => (await gateway.tryPut(bucket, 'x', 'next', `&${query}`)).status,
    });
    assert.equal((await gateway.tryPut(bucket, 'new', 'x', '&ifGenerationMatch=0')).status, 200);
    assert.equal((await gateway.tryPut(bucket, 'new', 'x', '&ifGenerationMatch=0')).status, 412);
  },
);

apiTest(
  { method: 'objects.insert', headers: ['x-goog-if-generation-match', 'x-goog-if-metageneration-match'] },
  'judges preconditions of headers',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const put = async (header: string, value: string) => {
      const path = `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=x`;
      return (await gateway.call('POST', path, { body: 'x', headers: { [header]: value } })).status;
    };
    assert.equal(await put('x-goog-if-generation-match', '0'), 200);
    assert.equal(await put('x-goog-if-generation-match', '0'), 412);
    assert.equal(await put('x-goog-if-metageneration-match', '1'), 200);
    assert.equal(await put('x-goog-if-metageneration-match', '2'), 412);
  },
);

apiTest(
  { method: 'objects.insert', parameters: ['projection'], fields: ['acl.entity', 'acl.role'] },
  'tells access lists when the resource sets them, unless asked not to',
  async (gateway) => {
    const bucket = await gateway.bucket();
    const acl = [{ entity: 'allUsers', role: 'READER' }];
    assert.partialDeepStrictEqual((await gateway.insert(bucket, { name: 'x', acl })).json.acl, acl);
    assert.equal((await gateway.insert(bucket, { name: 'x', acl }, '', '&projection=noAcl')).json.acl, undefined);
  },
);
