import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256, signRequest } from './sign-request.ts';

/** The published examples: S3 API reference, "Examples: Signature Calculations in AWS Signature Version 4". */
const KEYS = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
};
const NOW_MS = Date.UTC(2013, 4, 24);
const HOST = 'examplebucket.s3.amazonaws.com';
const signatureOf = (authorization: string | undefined) => /Signature=([0-9a-f]+)$/.exec(authorization ?? '')?.[1];

test('GET with a range, as published', () => {
  const request = { method: 'GET', host: HOST, path: '/test.txt', query: [], headers: { range: 'bytes=0-9' } };
  const signed = signRequest({ ...request, payloadSha256: sha256() }, KEYS, NOW_MS);
  assert.equal(
    signatureOf(signed['authorization']),
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  );
});

test('PUT with a body and an escaped name, as published', () => {
  const headers = { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' };
  const request = { method: 'PUT', host: HOST, path: '/test%24file.text', query: [], headers };
  const signed = signRequest({ ...request, payloadSha256: sha256('Welcome to Amazon S3.') }, KEYS, NOW_MS);
  assert.equal(
    signatureOf(signed['authorization']),
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  );
});

test('a listing with query parameters in any order, as published', () => {
  const request = { method: 'GET', host: HOST, path: '/', query: ['prefix=J', 'max-keys=2'], headers: {} };
  const signed = signRequest({ ...request, payloadSha256: sha256() }, KEYS, NOW_MS);
  assert.equal(
    signatureOf(signed['authorization']),
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  );
});
