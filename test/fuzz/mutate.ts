/** What clients, proxies and attackers do to requests. */
import type { Dice } from './dice.ts';
import type { FuzzRequest } from './make-request.ts';

const JUNK_TEXTS = [
  '',
  '-1',
  '1e9',
  '18446744073709551616',
  '99999999999999999999999999',
  'NaN',
  'null',
  '__proto__',
  'constructor',
  '\u0000',
  '../../etc/passwd',
  '%2F%00',
  '\ud800',
  '💾'.repeat(50),
  'x'.repeat(3_000),
  '{"a":1}',
  '[]',
  '"',
  "' OR 1=1",
  '\r\nX-Injected: yes',
];

const JUNK_HEADERS: readonly (readonly [name: string, values: readonly string[]])[] = [
  [
    'Content-Type',
    ['', 'text/plain', 'application/json; charset=utf-16', 'multipart/related', 'multipart/mixed; boundary='],
  ],
  ['Content-Encoding', ['gzip', 'br', 'identity', 'x']],
  [
    'Content-Range',
    ['bytes', 'bytes 5-1/3', 'bytes 0-9/5', 'bytes */-1', 'items 0-1/2', 'bytes 0-99999999999999999999/*'],
  ],
  ['Range', ['bytes=', 'bytes=9-1', 'bytes=-0', 'bytes=99999999999999999999-', 'items=0-1', 'bytes=0-1,'.repeat(200)]],
  ['If-Match', ['*', '"x"', 'CAE=', ', ,', 'W/"CAE="']],
  ['If-None-Match', ['*', '"x"', 'CAE=']],
  ['X-Goog-If-Generation-Match', ['-1', 'x', '0', '99999999999999999999']],
  ['X-Goog-Hash', ['crc32c=', 'crc32c=AAAA', 'md5=AAAA', 'sha1=x', 'crc32c=AAAAAA==,md5=x']],
  ['X-Goog-Encryption-Algorithm', ['AES256', 'AES128']],
  ['X-Goog-Encryption-Key', ['', 'AAAA', Buffer.alloc(32, 1).toString('base64')]],
  ['X-Goog-Encryption-Key-Sha256', ['AAAA']],
  ['X-HTTP-Method-Override', ['DELETE', 'PATCH', 'TRACE', '']],
  ['X-Upload-Content-Length', ['-1', 'x', '99999999999999999999', '10']],
  ['X-Goog-Upload-Command', ['start', 'upload, finalize', 'query', 'cancel', 'x']],
  ['Authorization', ['Bearer x', 'Basic', 'Bearer ']],
  ['Accept-Encoding', ['gzip', 'gzip;q=0', '*']],
  ['Origin', ['http://example.com', 'null']],
  ['Expect', ['100-continue']],
];

type Mutation = (dice: Dice, request: FuzzRequest) => FuzzRequest;

const MUTATIONS: readonly Mutation[] = [
  (dice, request) => ({ ...request, method: dice.pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']) }),
  (dice, request) => replaceAt(request, dice.below(request.segments.length), dice.pick(JUNK_TEXTS)),
  (dice, request) => {
    const at = dice.below(request.segments.length);
    return { ...request, segments: request.segments.toSpliced(at, 1) };
  },
  (dice, request) => {
    const at = dice.below(request.segments.length + 1);
    return { ...request, segments: request.segments.toSpliced(at, 0, dice.pick(['', 'o', 'b', ...JUNK_TEXTS])) };
  },
  (dice, request) => changeQuery(dice, request, ([name]) => [[name, dice.pick(JUNK_TEXTS)]]),
  (dice, request) => changeQuery(dice, request, () => []),
  (dice, request) => changeQuery(dice, request, (pair) => [pair, pair]),
  (dice, request) => ({ ...request, query: [...request.query, [dice.pick(JUNK_TEXTS), dice.pick(JUNK_TEXTS)]] }),
  (dice, request) => {
    const [name, values] = dice.pick(JUNK_HEADERS);
    return { ...request, headers: { ...request.headers, [name]: dice.pick(values) } };
  },
  (dice, request) => withBody(request, cut(dice, request.body)),
  (dice, request) => withBody(request, flip(dice, request.body)),
  (dice, request) =>
    withBody(request, Buffer.from(dice.pick(['', 'null', '[]', '"x"', '{', '1', '{"name":1}', '\ufeff{}']))),
  (dice, request) => withBody(request, nested(dice.pick([30, 1_000, 20_000]))),
  (dice, request) => withBody(request, changeJson(dice, request.body)),
];

/** None, one or several things go wrong. */
export function mutate(dice: Dice, request: FuzzRequest): FuzzRequest {
  let mutated = request;
  for (let count = dice.pick([0, 0, 1, 1, 1, 2, 3]); count > 0; count -= 1) {
    mutated = dice.pick(MUTATIONS)(dice, mutated);
  }
  return mutated;
}

function replaceAt(request: FuzzRequest, at: number, text: string): FuzzRequest {
  return { ...request, segments: request.segments.with(at, text) };
}

type Pair = FuzzRequest['query'][number];

function changeQuery(dice: Dice, request: FuzzRequest, change: (pair: Pair) => readonly Pair[]): FuzzRequest {
  if (request.query.length === 0) return request;
  const at = dice.below(request.query.length);
  return { ...request, query: request.query.flatMap((pair, index) => (index === at ? change(pair) : [pair])) };
}

function withBody(request: FuzzRequest, body: Buffer): FuzzRequest {
  return { ...request, body };
}

function cut(dice: Dice, body: Buffer = Buffer.alloc(0)): Buffer {
  return body.subarray(0, dice.below(body.length + 1));
}

function flip(dice: Dice, body: Buffer = Buffer.from('{}')): Buffer {
  const flipped = Buffer.from(body);
  if (flipped.length > 0) flipped[dice.below(flipped.length)] = dice.below(256);
  return flipped;
}

function nested(depth: number): Buffer {
  return Buffer.from(`${'{"lifecycle":'.repeat(depth)}{}${'}'.repeat(depth)}`);
}

const JUNK_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  2 ** 60,
  '',
  'x'.repeat(5_000),
  [],
  {},
  [[]],
  '\ud800',
  '9'.repeat(30),
];

/** One value, at any depth, becomes another. */
function changeJson(dice: Dice, body: Buffer = Buffer.from('{}')): Buffer {
  try {
    return Buffer.from(JSON.stringify(changeValue(dice, JSON.parse(body.toString()))));
  } catch {
    return body;
  }
}

function changeValue(dice: Dice, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || dice.chance(0.2)) return dice.pick(JUNK_VALUES);
  const keys = Object.keys(value);
  if (keys.length === 0) return dice.pick(JUNK_VALUES);
  const chosen = dice.pick(keys);
  const changed = changeValue(dice, Reflect.get(value, chosen));
  return Array.isArray(value) ? value.with(Number(chosen), changed) : { ...value, [chosen]: changed };
}
