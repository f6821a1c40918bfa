/**
 * An answer as a flat table, `status`, `header etag`, `body.items[0].size`, in which whatever a server may choose
 * freely says only that it is there, or is numbered in the order of its appearance.
 */
import type { Answer } from '../support/http-call.ts';
import type { Memory } from './step.ts';

export type RawAnswer = Pick<Answer, 'status' | 'headers' | 'bytes'>;

export type FlatAnswer = ReadonlyMap<string, string>;

/** The headers that clients read of an answer. */
const HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'range',
  'x-goog-component-count',
  'x-goog-generation',
  'x-goog-hash',
  'x-goog-metageneration',
  'x-goog-storage-class',
  'x-goog-stored-content-encoding',
  'x-goog-stored-content-length',
];
/** Of JSON answers the length is a matter of white space. */
const ONLY_OF_MEDIA = ['content-length', 'cache-control'];
/** Only that they are there. */
const FREE_HEADERS = ['etag', 'last-modified', 'location', 'x-guploader-uploadid'];

const GENERATION = /\b\d{13,}\b/g;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
/** Times that clients give, and get back. */
const GIVEN_TIMES = ['customTime', 'retainUntilTime'];
/** What each server says in its own words or by its own address; that it says something is compared. */
const FREE_FIELDS = ['etag', 'nextPageToken', 'rewriteToken', 'secret', 'projectNumber', 'accessId'];
const ACCESS_ID = /\bGOOG1\w{56}\b/g;
/** How the team of a project is written; which number the project has is each server's own affair. */
const TEAM = /project-(owners|editors|viewers)-\w+/g;
/** Numbers, or what a peer makes of them. */
const NOTIFICATION = /^(\d+|notification-\w+)$/;
const LINKS = ['selfLink', 'mediaLink'];
/** What tells the members of a list apart, by the first they have. */
const IDENTITIES = ['entity', 'role', 'name', 'accessId', 'topic', 'id'];
/** Their order says nothing. */
const UNORDERED = ['acl', 'defaultObjectAcl', 'bindings', 'members', 'permissions'];

export interface AnswerContext {
  /** The body is an object's bytes, whatever its type. */
  readonly isMedia: boolean;
  readonly memory: Memory;
}

export function flattenAnswer(answer: RawAnswer, { isMedia, memory }: AnswerContext): FlatAnswer {
  const flat = new Map<string, string>([['status', String(answer.status)]]);
  const isJson = (answer.headers['content-type'] ?? '').startsWith('application/json') && answer.bytes.length > 0;
  const json = isJson ? parse(answer.bytes.toString()) : undefined;
  if (answer.status >= 400) {
    const error = json === undefined ? undefined : (json as { error?: { errors?: Record<string, unknown>[] } }).error;
    const first = error?.errors?.[0];
    flat.set('error', json === undefined ? 'no JSON' : 'JSON');
    for (const name of ['reason', 'location', 'locationType'])
      if (first?.[name]) flat.set(`error ${name}`, `${first[name]}`);
    return flat;
  }
  addHeaders(flat, answer, { isMedia: isMedia || json === undefined, memory });
  if (json !== undefined && !isMedia) flatten(flat, 'body', json, memory);
  else if (answer.status < 300) flat.set('content', answer.bytes.toString('latin1'));
  return flat;
}

function addHeaders(
  flat: Map<string, string>,
  { headers, status }: RawAnswer,
  { isMedia, memory }: AnswerContext,
): void {
  const names = [...HEADERS, ...Object.keys(headers).filter((name) => name.startsWith('x-goog-meta-'))];
  for (const name of names) {
    const value = headers[name];
    if (value === undefined || (!isMedia && ONLY_OF_MEDIA.includes(name)) || status === 204) continue;
    flat.set(`header ${name}`, plainHeader(name, `${value}`, memory));
  }
  for (const name of FREE_HEADERS) if (headers[name] !== undefined) flat.set(`header ${name}`, '<any>');
}

function plainHeader(name: string, value: string, memory: Memory): string {
  if (name === 'x-goog-generation') return memory.label('generation', value);
  if (name === 'x-goog-hash') return value.split(/,\s*/).toSorted().join(',');
  return name === 'content-type' ? value.toLowerCase().replaceAll(' ', '') : value;
}

function flatten(flat: Map<string, string>, path: string, value: unknown, memory: Memory): void {
  const name = path.slice(path.lastIndexOf('.') + 1);
  if (Array.isArray(value)) {
    const members = UNORDERED.includes(name) ? value.toSorted(byIdentity) : value;
    flat.set(`${path}[]`, memory.plain(JSON.stringify(members.map((member) => identify(member, memory)))));
    for (const [index, member] of members.entries()) {
      if (typeof member === 'object') flatten(flat, `${path}[${index}]`, member, memory);
    }
  } else if (typeof value === 'object' && value !== null) {
    const fields = isBucket(value) && 'generation' in value ? { ...value, generation: '<any>' } : value;
    for (const [key, field] of Object.entries(fields)) flatten(flat, `${path}.${key}`, field, memory);
  } else flat.set(path, memory.plain(plainField(name, String(value), memory)));
}

/** A field without what a server may choose freely. */
function plainField(name: string, value: string, memory: Memory): string {
  if (name === 'generation' && value !== '<any>') return memory.label('generation', value);
  if (FREE_FIELDS.includes(name) || (name === 'id' && NOTIFICATION.test(value))) return '<any>';
  if (GIVEN_TIMES.includes(name)) return new Date(value).toISOString();
  if (TIME.test(value)) return '<time>';
  return withoutNumbers(name, value.replace(ACCESS_ID, '<key>'), memory);
}

function withoutNumbers(name: string, value: string, memory: Memory): string {
  if (LINKS.includes(name)) return value.replace(/^https?:\/\/[^/]+/, '<host>').replace(GENERATION, '<number>');
  return value.replace(TEAM, 'project-$1-<number>').replace(GENERATION, (number) => memory.label('generation', number));
}

function identify(member: unknown, memory: Memory): unknown {
  if (typeof member !== 'object' || member === null) return member;
  const fields = member as Readonly<Record<string, unknown>>;
  const key = IDENTITIES.find((name) => fields[name] !== undefined);
  const identity = key === undefined || key === 'accessId' ? '' : plainField(key, String(fields[key]), memory);
  const { generation } = fields;
  return typeof generation === 'string' && !isBucket(member)
    ? `${identity}#${memory.label('generation', generation)}`
    : identity;
}

/** Buckets have generations too, but not in a row with those of objects. */
function isBucket(value: object): boolean {
  return 'kind' in value && value.kind === 'storage#bucket';
}

function byIdentity(left: unknown, right: unknown): number {
  const [a, b] = [left, right].map((member) => JSON.stringify(member, ['entity', 'role']) ?? String(member));
  return (a ?? '') < (b ?? '') ? -1 : 1;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
