/** Requests that are valid as far as the discovery document tells, about things that are mostly there. */
import type { Dice } from './dice.ts';
import type { Discovery, Method, Parameter, Schema } from './discovery.ts';

export interface FuzzRequest {
  readonly method: string;
  /** Decoded; joined by `/`, each encoded once. */
  readonly segments: readonly string[];
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text, media, or a multipart of both. */
  readonly body?: Buffer;
}

/** Names the fuzzed world knows; those that were made up along the way come in as answers name them. */
export interface World {
  readonly names: ReadonlyMap<string, readonly string[]>;
  readonly generations: readonly string[];
  readonly pageTokens: readonly string[];
  readonly uploads: readonly string[];
}

const TEXTS = [
  '',
  'a',
  'a/b',
  'häß 日本',
  'x'.repeat(200),
  '0',
  'true',
  'STANDARD',
  'gs://a/b',
  '2026-01-01',
  '*',
  'a*b?',
];
const TIMES = ['2026-01-01T00:00:00Z', '2025-11-25T10:00:00.123Z', '1970-01-01T00:00:00+01:00'];
const DEPTH_MAX = 6;
const REFERENCE = 'x'.repeat(24);

export function makeRequest(dice: Dice, discovery: Discovery, method: Method, world: World): FuzzRequest {
  const parameters = Object.entries(method.parameters ?? {});
  const segments = ['storage', 'v1', ...method.path.split('/')].map((segment) => {
    const name = /^\{\+?(\w+)\}$/.exec(segment)?.[1];
    return name === undefined ? segment : pathValue(dice, name, world);
  });
  const query = parameters
    .filter(([, { location }]) => location === 'query')
    .filter(([, { required }]) => (required === true ? dice.chance(0.97) : dice.chance(0.25)))
    .map(([name, parameter]): [string, string] => [name, queryValue(dice, name, parameter, world)]);
  for (const name of ['fields', 'prettyPrint', 'alt', 'userProject', 'quotaUser']) {
    if (dice.chance(0.04)) query.push([name, globalValue(dice, name)]);
  }
  const body = method.request && dice.chance(0.9) ? makeValue(dice, discovery, method.request, 0) : undefined;
  const plain: FuzzRequest = {
    method: method.httpMethod,
    segments,
    query,
    headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) }),
  };
  if (method.supportsMediaUpload === true) return makeUpload(dice, plain, world);
  if (method.supportsMediaDownload === true && dice.chance(0.5)) return makeDownload(dice, plain);
  return plain;
}

function pathValue(dice: Dice, name: string, world: World): string {
  const known = world.names.get(name) ?? [];
  return known.length > 0 && dice.chance(0.9) ? dice.pick(known) : dice.pick(TEXTS.slice(1));
}

function queryValue(dice: Dice, name: string, parameter: Parameter, world: World): string {
  if (name === 'pageToken' && world.pageTokens.length > 0) return dice.pick(world.pageTokens);
  if (/generation/i.test(name)) {
    return dice.chance(0.7) && world.generations.length > 0 ? dice.pick(world.generations) : String(dice.below(4));
  }
  return String(scalar(dice, parameter));
}

function globalValue(dice: Dice, name: string): string {
  if (name === 'fields')
    return dice.pick(['*', 'kind', 'items(name)', 'items/name,nextPageToken', 'name,id', 'nothing']);
  if (name === 'alt') return dice.pick(['json', 'media', 'proto']);
  return dice.pick(['true', 'false', 'me']);
}

function scalar(dice: Dice, { enum: choices, type, format }: Schema): string | number | boolean {
  if (choices !== undefined) return dice.pick(choices);
  if (type === 'boolean') return dice.chance(0.5);
  if (type === 'integer' || type === 'number') return dice.pick([0, 1, 2, 7, 100, 1000]);
  if (format === 'int64' || format === 'uint64') return String(dice.pick([0, 1, 2, 3_600, 604_800, 10_000_000]));
  if (format === 'date-time') return dice.pick(TIMES);
  if (format === 'date') return '2026-01-01';
  if (format === 'byte') return dice.bytes(dice.below(20)).toString('base64');
  return dice.pick([...TEXTS, REFERENCE]);
}

function makeValue(dice: Dice, discovery: Discovery, schema: Schema, depth: number): unknown {
  const found = schema.$ref === undefined ? schema : discovery.schemas[schema.$ref];
  if (found === undefined || depth > DEPTH_MAX) return {};
  const inner = (part: Schema) => makeValue(dice, discovery, part, depth + 1);
  if (found.properties !== undefined) {
    const share = depth === 0 ? 0.15 : 0.4;
    const chosen = Object.entries(found.properties).filter(() => dice.chance(share));
    return Object.fromEntries(chosen.map(([name, part]) => [name, inner(part)]));
  }
  const { items, additionalProperties } = found;
  if (items !== undefined) return Array.from({ length: dice.below(4) }, () => inner(items));
  if (additionalProperties !== undefined) {
    return Object.fromEntries(
      Array.from({ length: dice.below(3) }, () => [dice.pick(TEXTS), inner(additionalProperties)]),
    );
  }
  return scalar(dice, found);
}

function makeUpload(dice: Dice, plain: FuzzRequest, world: World): FuzzRequest {
  const media = dice.bytes(dice.pick([0, 1, 17, 1000]));
  const segments = ['upload', ...plain.segments];
  const kind = dice.pick(['media', 'multipart', 'resumable', 'session'] as const);
  if (kind === 'session') return makeChunk(dice, plain, { media, world });
  const query = [...plain.query, ['uploadType', kind] as const];
  const name = plain.query.some(([key]) => key === 'name') ? [] : [['name', dice.pick(['o', 'dir/o', 'new'])] as const];
  if (kind === 'resumable') return { ...plain, segments, query: [...query, ...name] };
  if (kind === 'media') return { ...plain, segments, query: [...query, ...name], headers: {}, body: media };
  const boundary = 'b0undary';
  const body = Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Type: application/json\r\n\r\n`),
    plain.body ?? Buffer.from('{}'),
    Buffer.from(`\r\n--${boundary}\r\nContent-Type: text/plain\r\n\r\n`),
    media,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  const headers = { 'Content-Type': `multipart/related; boundary=${boundary}` };
  return { ...plain, segments, query: [...query, ...name], headers, body };
}

function makeChunk(
  dice: Dice,
  plain: FuzzRequest,
  { media, world }: { readonly media: Buffer; readonly world: World },
): FuzzRequest {
  const id = world.uploads.length > 0 && dice.chance(0.9) ? dice.pick(world.uploads) : 'unknown';
  const first = dice.pick([0, 0, 0, 1000, 262_144]);
  const total = dice.pick(['*', String(first + media.length), '5000']);
  const isEmpty = media.length === 0;
  const range =
    isEmpty || dice.chance(0.2) ? `bytes */${total}` : `bytes ${first}-${first + media.length - 1}/${total}`;
  return {
    method: dice.pick(['PUT', 'PUT', 'PUT', 'DELETE']),
    segments: ['upload', ...plain.segments],
    query: [
      ['uploadType', 'resumable'],
      ['upload_id', id],
    ],
    headers: { 'Content-Range': range },
    body: range.startsWith('bytes */') ? Buffer.alloc(0) : media,
  };
}

function makeDownload(dice: Dice, plain: FuzzRequest): FuzzRequest {
  const range = dice.pick([undefined, 'bytes=0-', 'bytes=1-3', 'bytes=-5', 'bytes=0-0,2-3']);
  const headers = range === undefined ? plain.headers : { ...plain.headers, Range: range };
  return { ...plain, query: [...plain.query, ['alt', 'media']], headers };
}
