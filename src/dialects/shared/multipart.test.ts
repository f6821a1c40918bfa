/**
 * Multipart bodies survive any content and any chunking: whatever bytes go in come out, a body cut anywhere fails.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isStraitError } from '../../model/errors.ts';
import { parseBoundary, readParts } from './multipart.ts';

interface Part {
  readonly head: string;
  readonly content: Buffer;
}

const BOUNDARY = 'b=1';

function write(parts: readonly Part[], eol: string): Buffer {
  const pieces: Buffer[] = [];
  for (const part of parts) {
    pieces.push(Buffer.from(`--${BOUNDARY}${eol}X-Part: ${part.head}${eol}${eol}`), part.content, Buffer.from(eol));
  }
  return Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--`)]);
}

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function readAll(source: AsyncIterable<Uint8Array>): Promise<readonly Part[]> {
  const parts: Part[] = [];
  for await (const part of readParts(source, BOUNDARY)) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of part.body) chunks.push(Buffer.from(chunk));
    parts.push({ head: part.headers['x-part'] ?? '', content: Buffer.concat(chunks) });
  }
  return parts;
}

/** Content made mostly of pieces of the delimiter, where parsers go wrong. */
const content = fc
  .array(
    fc.oneof(
      fc.constantFrom('\r', '\n', '\r\n', '-', '--', '--b', '--b=', '\r\n--b', '\n--b=', '\r\n--b=2', '--b=1'),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''))
  .filter((text) => !/(^|\n)--b=1[ \t\r]*(\n|--|$)/.test(text))
  .map((text) => Buffer.from(text));
const parts = fc.array(fc.record({ head: fc.constantFrom('one', 'two'), content }), { maxLength: 4 });
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });

for (const [name, eol] of [
  ['CRLF', '\r\n'],
  ['LF', '\n'],
] as const) {
  test(`parts come out as they went in, in any chunks (${name})`, async () => {
    await fc.assert(
      fc.asyncProperty(parts, sizes, async (wanted, chunkSizes) => {
        const found = await readAll(cut(write(wanted, eol), chunkSizes));
        assert.deepEqual(
          found.map((part) => [part.head, part.content.toString('latin1')]),
          wanted.map((part) => [part.head, part.content.toString('latin1')]),
        );
      }),
      { numRuns: 300 },
    );
  });
}

test('a body cut short anywhere before its closing delimiter is refused', async () => {
  const whole = write(
    [
      { head: 'one', content: Buffer.from('{}') },
      { head: 'two', content: Buffer.from('abc\r\n') },
    ],
    '\r\n',
  );
  for (let length = 0; length < whole.length; length += 1) {
    await assert.rejects(readAll(cut(whole.subarray(0, length), [7])), (error) =>
      isStraitError(error, 'invalidArgument'),
    );
  }
});

test('parts that are not read are skipped', async () => {
  const body = write(
    [
      { head: 'one', content: Buffer.from('skip me') },
      { head: 'two', content: Buffer.from('me too') },
    ],
    '\r\n',
  );
  const heads: (string | undefined)[] = [];
  for await (const part of readParts(cut(body, [3]), BOUNDARY)) heads.push(part.headers['x-part']);
  assert.deepEqual(heads, ['one', 'two']);
});

test('preamble and epilogue are no parts', async () => {
  const inner = write([{ head: 'one', content: Buffer.from('x') }], '\r\n').toString();
  const found = await readAll(cut(Buffer.from(`to be ignored\r\n${inner}\r\n--b=1\r\nnor this`), [5]));
  assert.deepEqual(
    found.map((part) => part.content.toString()),
    ['x'],
  );
});

test('boundaries are read bare, in double quotes and in the single quotes of gsutil', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['multipart/related; boundary=abc', 'abc'],
    ['multipart/related; boundary="a b;c"', 'a b;c'],
    ["multipart/related; type=x; boundary='===== 12=='", '===== 12=='],
    ['Multipart/Related; BOUNDARY="a\\"b"', 'a"b'],
  ];
  for (const [header, boundary] of cases) assert.equal(parseBoundary(header, 'multipart/related'), boundary);
  for (const bad of [undefined, 'multipart/related', 'multipart/related; boundary=', 'application/json; boundary=a']) {
    assert.throws(
      () => parseBoundary(bad, 'multipart/related'),
      (error) => isStraitError(error, 'invalidArgument'),
    );
  }
});
