/** The GCS remote against our own gateway: what a site sees of a cloud that is a Strait gateway. */
import assert from 'node:assert/strict';
import type { ObjectAttributes } from '../../src/model/object.ts';
import { credentialsFor } from '../../src/remotes/gcs/credentials.ts';
import { GcsRemote } from '../../src/remotes/gcs/gcs-remote.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { startMemoryGateway } from '../support/memory-gateway.ts';
import { remoteContract } from './remote.ts';

remoteContract('gcs, of our gateway', async () => {
  const gateway = await startMemoryGateway();
  const deps = { clock: systemClock, random: systemRandom, credentials: credentialsFor('none') };
  const remote = new GcsRemote(deps, { endpoint: gateway.url, project: 'test' });
  const call = async (method: string, path: string, body?: unknown) => {
    const headers = { 'content-type': 'application/json' };
    const text = body === undefined ? {} : { headers, body: JSON.stringify(body) };
    const response = await fetch(`${gateway.url}${path}`, { method, ...text });
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.text()}`);
  };
  const objectPath = (bucket: string, name: string) => `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`;
  return {
    remote,
    createBucket: (name) => call('POST', '/storage/v1/b?project=test', { name }),
    put: async (bucket, name, bytes, attributes: ObjectAttributes = {}) => {
      const boundary = 'boundary-of-parts';
      const type = attributes.contentType ?? 'application/octet-stream';
      const resource = JSON.stringify({ name, ...attributes });
      const body = Buffer.concat([
        Buffer.from(`--${boundary}\r\ncontent-type: application/json\r\n\r\n${resource}\r\n`),
        Buffer.from(`--${boundary}\r\ncontent-type: ${type}\r\n\r\n`),
        bytes,
        Buffer.from(`\r\n--${boundary}--\r\n`),
      ]);
      const response = await fetch(`${gateway.url}/upload/storage/v1/b/${bucket}/o?uploadType=multipart`, {
        method: 'POST',
        headers: { 'content-type': `multipart/related; boundary=${boundary}` },
        body,
      });
      assert.ok(response.ok, await response.text());
    },
    patch: (bucket, name, attributes) => call('PATCH', objectPath(bucket, name), attributes),
    delete: (bucket, name) => call('DELETE', objectPath(bucket, name)),
    close: async () => {
      await remote.close();
      await gateway.close();
    },
  };
});
