import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStraitError, StraitError } from '../../../model/errors.ts';
import { ARRAY_TYPES, connect, isRetryable, toStraitError } from './connect.ts';

test('array parameters are written as PostgreSQL reads them, whatever they hold', () => {
  const { byteas, texts, bigints } = ARRAY_TYPES;
  assert.equal(byteas.serialize([Buffer.from('ab'), new Uint8Array()]), String.raw`{"\\x6162","\\x"}`);
  assert.equal(
    texts.serialize(['plain', 'a"b', 'c\\d', 'NULL', '{,}', '']),
    String.raw`{"plain","a\"b","c\\d","NULL","{,}",""}`,
  );
  assert.equal(bigints.serialize([1n, 2n ** 62n]), '{1,4611686018427387904}');
  assert.equal(byteas.serialize([]), '{}');
});

test('a schema name that could escape its quotes is refused before anything is connected', () => {
  for (const schema of ['', 'a"b', 'a.b', 'a;b', 'x'.repeat(64)]) {
    const settings = { url: 'postgres://localhost/none', schema, connectionsMax: 1, tailPollMs: 1 };
    assert.throws(
      () => connect(settings, 1),
      (error) => isStraitError(error, 'invalidArgument'),
    );
  }
});

test('failures of the server are `unavailable`; our own errors stay what they are', () => {
  const own = new StraitError('unsupported', 'a format', { feature: 'f' });
  assert.equal(toStraitError('read', own), own);
  const translated = toStraitError('the server could not be read', new Error('connect ECONNREFUSED'));
  assert.equal(translated.code, 'unavailable');
  assert.match(translated.message, /^the server could not be read: connect ECONNREFUSED$/);
  assert.equal(isRetryable(new Error('40001')), false);
});
