/** Preconditions of objects and buckets: from parameters, from headers of the XML API, and from entity tags. */
import { StraitError } from '../../../model/errors.ts';
import type { Preconditions } from '../../../model/preconditions.ts';
import { parseBucketEtag, parseEtagList, parseObjectEtag } from '../protocol/etag.ts';
import type { GenerationCodec } from '../protocol/generation-codec.ts';
import { invalidParameter } from './bad-input.ts';
import type { Call } from './call.ts';
import type { MethodId, ParameterOf } from './document.ts';

type Draft = { -readonly [K in keyof Preconditions]: bigint };

interface PreconditionName {
  readonly parameter: ParameterOf<MethodId>;
  /** The XML API's form. */
  readonly header?: string;
}

type PreconditionTable = Readonly<Record<keyof Preconditions, PreconditionName>>;

const DESTINATION: PreconditionTable = {
  ifGenerationMatch: { parameter: 'ifGenerationMatch', header: 'x-goog-if-generation-match' },
  ifGenerationNotMatch: { parameter: 'ifGenerationNotMatch', header: 'x-goog-if-generation-not-match' },
  ifMetagenerationMatch: { parameter: 'ifMetagenerationMatch', header: 'x-goog-if-metageneration-match' },
  ifMetagenerationNotMatch: { parameter: 'ifMetagenerationNotMatch', header: 'x-goog-if-metageneration-not-match' },
};
const SOURCE: PreconditionTable = {
  ifGenerationMatch: { parameter: 'ifSourceGenerationMatch' },
  ifGenerationNotMatch: { parameter: 'ifSourceGenerationNotMatch' },
  ifMetagenerationMatch: { parameter: 'ifSourceMetagenerationMatch' },
  ifMetagenerationNotMatch: { parameter: 'ifSourceMetagenerationNotMatch' },
};

function readPreconditions(call: Call, table: PreconditionTable): Draft {
  const found: Draft = {};
  for (const [key, { parameter, header }] of Object.entries(table) as [keyof Preconditions, PreconditionName][]) {
    const value = call.long(parameter) ?? readHeader(call, header);
    if (value !== undefined) found[key] = value;
  }
  return found;
}

function readHeader(call: Call, header: string | undefined): bigint | undefined {
  const text = header === undefined ? undefined : call.request.headers[header];
  if (header === undefined || text === undefined) return undefined;
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw invalidParameter(header, `Invalid long value: '${text.slice(0, 100)}'.`);
}

function fromWire(found: Preconditions, codec: GenerationCodec): Preconditions {
  const { ifGenerationMatch, ifGenerationNotMatch } = found;
  return {
    ...found,
    ...(ifGenerationMatch === undefined ? {} : { ifGenerationMatch: codec.fromWire(ifGenerationMatch) }),
    ...(ifGenerationNotMatch === undefined ? {} : { ifGenerationNotMatch: codec.fromWire(ifGenerationNotMatch) }),
  };
}

/** Preconditions for reading an object; If-Match and If-None-Match are judged apart, on what was read. */
export function readingPreconditions(call: Call): Preconditions {
  return fromWire(readPreconditions(call, DESTINATION), call.context.generations);
}

export function sourcePreconditions(call: Call): Preconditions {
  return fromWire(readPreconditions(call, SOURCE), call.context.generations);
}

/**
 * Preconditions for a change of an object. An If-Match tag names a generation and a metageneration, so it becomes a
 * precondition that is judged in the transaction of the change.
 */
export function changingPreconditions(call: Call): Preconditions {
  const { headers } = call.request;
  const found = readPreconditions(call, DESTINATION);
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined) {
    const [tag = '', ...others] = parseEtagList(ifMatch);
    if (tag === '*') found.ifGenerationNotMatch ??= 0n;
    else {
      const version = others.length > 0 ? undefined : parseObjectEtag(tag);
      if (version === undefined) throw failedIfMatch();
      requireSame(found.ifGenerationMatch, version.generation);
      requireSame(found.ifMetagenerationMatch, version.metageneration);
      found.ifGenerationMatch = version.generation;
      found.ifMetagenerationMatch = version.metageneration;
    }
  }
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() !== '*') {
      const message = 'If-None-Match with an entity tag is supported for reads only.';
      throw new StraitError('unsupported', message, { feature: 'If-None-Match' });
    }
    requireSame(found.ifGenerationMatch, 0n);
    found.ifGenerationMatch = 0n;
  }
  return fromWire(found, call.context.generations);
}

/** Buckets have a metageneration only. On reads, tags are judged apart, on what was read. */
export function bucketPreconditions(call: Call, use: 'read' | 'change'): Preconditions {
  const found = metagenerations(call);
  const ifMatch = call.request.headers['if-match'];
  if (use === 'change' && ifMatch !== undefined && ifMatch.trim() !== '*') {
    const metageneration = parseBucketEtag(parseEtagList(ifMatch)[0] ?? '');
    if (metageneration === undefined) throw failedIfMatch();
    requireSame(found.ifMetagenerationMatch, metageneration);
    found.ifMetagenerationMatch = metageneration;
  }
  return found;
}

/** Of what has a metageneration and no entity tag, such as a managed folder. */
export function metagenerationPreconditions(call: Call): Preconditions {
  return metagenerations(call);
}

function metagenerations(call: Call): Draft {
  const { ifMetagenerationMatch, ifMetagenerationNotMatch } = readPreconditions(call, DESTINATION);
  const found: Draft = {};
  if (ifMetagenerationMatch !== undefined) found.ifMetagenerationMatch = ifMetagenerationMatch;
  if (ifMetagenerationNotMatch !== undefined) found.ifMetagenerationNotMatch = ifMetagenerationNotMatch;
  return found;
}

/** What a tag in a resource that is sent back says of the state it was read from. */
export function etagPreconditions(etag: string, of: 'bucket' | 'object', codec: GenerationCodec): Preconditions {
  if (of === 'bucket') {
    const ifMetagenerationMatch = parseBucketEtag(etag);
    if (ifMetagenerationMatch === undefined) throw failedIfMatch();
    return { ifMetagenerationMatch };
  }
  const version = parseObjectEtag(etag);
  if (version === undefined) throw failedIfMatch();
  const { generation: ifGenerationMatch, metageneration: ifMetagenerationMatch } = version;
  return fromWire({ ifGenerationMatch, ifMetagenerationMatch }, codec);
}

/** RFC 9110 §13.2.2: If-Match fails with 412; true when If-None-Match says that the client has this state. */
export function judgeEtag(call: Call, etag: string): boolean {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = call.request.headers;
  if (ifMatch !== undefined && !namesEtag(ifMatch, etag)) throw failedIfMatch();
  return ifNoneMatch !== undefined && namesEtag(ifNoneMatch, etag);
}

/** Whether a header with entity tags has this one. */
export function namesEtag(header: string, etag: string): boolean {
  return parseEtagList(header).some((tag) => tag === '*' || tag === etag);
}

function requireSame(given: bigint | undefined, wanted: bigint): void {
  if (given !== undefined && given !== wanted) throw failedIfMatch();
}

function failedIfMatch(): StraitError<'preconditionFailed'> {
  const message = 'At least one of the pre-conditions you specified did not hold.';
  return new StraitError('preconditionFailed', message, { condition: 'If-Match' });
}
