/** Page tokens, entity tags and checksums: what goes out comes back, and nothing else is taken for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isStraitError } from '../../../model/errors.ts';
import { decodeCrc32c, decodeHashHeader, decodeMd5 } from '../objects/decode-object.ts';
import { renderCrc32c } from '../objects/render-object.ts';
import { bucketEtag, objectEtag, parseBucketEtag, parseEtagList, parseObjectEtag } from './etag.ts';
import { decodePageToken, encodePageToken } from './page-token.ts';

const uint63 = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

test('page tokens carry any name', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(fc.constantFrom('item' as const, 'prefix' as const), name, (kind, text) => {
      assert.deepEqual(decodePageToken(encodePageToken({ kind, name: text })), { kind, name: text });
    }),
  );
});

test('a token that is not ours, or was altered, is refused', () => {
  const ours = encodePageToken({ kind: 'item', name: 'some/name' });
  const bad = ['', 'x', 'bm90IG91cnM=', `${ours}=`, `${ours}A`, ours.slice(1), ours.slice(0, -1), '../..', 'ü'];
  for (const [index, character] of [...ours].entries()) {
    const flipped = character === 'A' ? 'B' : 'A';
    bad.push(`${ours.slice(0, index)}${flipped}${ours.slice(index + 1)}`);
  }
  for (const token of bad) {
    assert.throws(
      () => decodePageToken(token),
      (error) => isStraitError(error, 'invalidArgument'),
      token,
    );
  }
});

test('tags are the ones GCS makes', () => {
  // Pairs seen in resources that GCS sent.
  assert.equal(objectEtag({ generation: 1719254245340314n, metageneration: 1n }), 'CJrpyZTx9IYDEAE=');
  assert.equal(objectEtag({ generation: 1557970088457364n, metageneration: 3n }), 'CJTpxe3ynuICEAM=');
  assert.equal(bucketEtag(1n), 'CAE=');
});

test('tags come back', () => {
  fc.assert(
    fc.property(uint63, uint63, (generation, metageneration) => {
      assert.deepEqual(parseObjectEtag(objectEtag({ generation, metageneration })), { generation, metageneration });
      assert.equal(parseBucketEtag(bucketEtag(metageneration)), metageneration);
    }),
  );
  for (const bad of ['', 'x', 'CAE', 'CAE=', '"CAE="', 'CAEQAQ==x', 'EAE='])
    assert.equal(parseObjectEtag(bad), undefined);
});

test('lists of tags are read with and without quotes', () => {
  assert.deepEqual(parseEtagList('"a", W/"b" , c,*,'), ['a', 'b', 'c', '*']);
});

test('crc32c is four bytes, big-endian', () => {
  assert.equal(renderCrc32c(0x01020304), 'AQIDBA==');
  assert.equal(decodeCrc32c('AQIDBA==', 'crc32c'), 0x01020304);
  assert.deepEqual(decodeHashHeader('crc32c=AQIDBA==, md5=1B2M2Y8AsgTpgAmY7PhCfg=='), {
    crc32c: 0x01020304,
    md5: Buffer.from('d41d8cd98f00b204e9800998ecf8427e', 'hex'),
  });
  assert.deepEqual(decodeHashHeader(undefined), {});
  for (const bad of ['', 'AQID', 'not base64', 'AQIDBAU=']) {
    assert.throws(
      () => decodeCrc32c(bad, 'crc32c'),
      (error) => isStraitError(error, 'invalidArgument'),
      bad,
    );
    assert.throws(
      () => decodeMd5(bad, 'md5Hash'),
      (error) => isStraitError(error, 'invalidArgument'),
      bad,
    );
  }
});
