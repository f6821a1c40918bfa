/** Query parameters and headers of the JSON API as model values. Malformed values are 400 and name the parameter. */
import { StraitError } from '../../../model/errors.ts';
import { type Generation, generation } from '../../../model/ids.ts';
import type { Preconditions } from '../../../model/preconditions.ts';
import type { HttpRequest } from '../../shared/http-message.ts';
import type { Query } from '../../shared/target.ts';
import { parseBucketEtag, parseEtagList, parseObjectEtag } from '../protocol/etag.ts';
import type { GenerationCodec } from '../protocol/generation-codec.ts';

const INT64_MAX = 2n ** 63n - 1n;
export const PAGE_RESULTS_MAX = 1000;

export function invalidParameter(name: string, message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field: name, reason: 'invalidParameter' });
}

export function requiredParameter(name: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', `Required parameter: ${name}`, { field: name, reason: 'required' });
}

/** Empty counts as absent: Go sends `endOffset=`. */
export function textParam(query: Query, name: string): string | undefined {
  const value = query.get(name);
  return value === '' ? undefined : value;
}

export function booleanParam(query: Query, name: string): boolean {
  const value = textParam(query, name)?.toLowerCase();
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw invalidParameter(name, `Invalid boolean value: '${value.slice(0, 100)}'.`);
}

export function int64Param(query: Query, name: string): bigint | undefined {
  const value = query.get(name);
  return value === undefined ? undefined : parseInt64(name, value);
}

function parseInt64(name: string, value: string): bigint {
  if (/^\d{1,19}$/.test(value)) {
    const parsed = BigInt(value);
    if (parsed <= INT64_MAX) return parsed;
  }
  throw invalidParameter(name, `Invalid long value: '${value.slice(0, 100)}'.`);
}

/** Items a page may hold: 1 to 1000, 1000 when not asked for. */
export function maxResultsParam(query: Query): number {
  const value = query.get('maxResults');
  if (value === undefined) return PAGE_RESULTS_MAX;
  if (!/^\d{1,10}$/.test(value)) throw invalidParameter('maxResults', `Invalid unsigned integer value: '${value}'.`);
  const wanted = Number(value);
  return wanted === 0 ? PAGE_RESULTS_MAX : Math.min(wanted, PAGE_RESULTS_MAX);
}

export type Projection = 'full' | 'noAcl';

export function projectionParam(query: Query, absent: Projection): Projection {
  const value = textParam(query, 'projection');
  if (value === undefined) return absent;
  if (value === 'full' || value === 'noAcl') return value;
  throw invalidParameter('projection', `Invalid value for projection: ${value.slice(0, 100)}`);
}

export function generationParam(query: Query, name: string, codec: GenerationCodec): Generation | undefined {
  const wire = int64Param(query, name);
  return wire === undefined ? undefined : generation(codec.fromWire(wire));
}

/** The parameters behind each precondition, the first that is there counts. Headers are the XML API's forms. */
interface PreconditionNames {
  readonly param: readonly string[];
  readonly header?: string;
}

type PreconditionTable = Readonly<Record<keyof Preconditions, PreconditionNames>>;

/** Python's multipart uploads write `ifMetaGeneration…`; a precondition that nobody heard would be worse. */
const DESTINATION: PreconditionTable = {
  ifGenerationMatch: { param: ['ifGenerationMatch'], header: 'x-goog-if-generation-match' },
  ifGenerationNotMatch: { param: ['ifGenerationNotMatch'], header: 'x-goog-if-generation-not-match' },
  ifMetagenerationMatch: {
    param: ['ifMetagenerationMatch', 'ifMetaGenerationMatch'],
    header: 'x-goog-if-metageneration-match',
  },
  ifMetagenerationNotMatch: {
    param: ['ifMetagenerationNotMatch', 'ifMetaGenerationNotMatch'],
    header: 'x-goog-if-metageneration-not-match',
  },
};
const SOURCE: PreconditionTable = {
  ifGenerationMatch: { param: ['ifSourceGenerationMatch'] },
  ifGenerationNotMatch: { param: ['ifSourceGenerationNotMatch'] },
  ifMetagenerationMatch: { param: ['ifSourceMetagenerationMatch'] },
  ifMetagenerationNotMatch: { param: ['ifSourceMetagenerationNotMatch'] },
};

function readPreconditions(
  request: HttpRequest,
  table: PreconditionTable,
): { -readonly [K in keyof Preconditions]: bigint } {
  const found: { -readonly [K in keyof Preconditions]: bigint } = {};
  for (const [key, names] of Object.entries(table) as [keyof Preconditions, PreconditionNames][]) {
    const param = names.param.find((name) => request.target.query.has(name));
    const header = names.header === undefined ? undefined : request.headers[names.header];
    if (param !== undefined) found[key] = parseInt64(param, request.target.query.get(param) ?? '');
    else if (names.header !== undefined && header !== undefined) found[key] = parseInt64(names.header, header);
  }
  return found;
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
export function readingPreconditions(request: HttpRequest, codec: GenerationCodec): Preconditions {
  return fromWire(readPreconditions(request, DESTINATION), codec);
}

export function sourcePreconditions(request: HttpRequest, codec: GenerationCodec): Preconditions {
  return fromWire(readPreconditions(request, SOURCE), codec);
}

/**
 * Preconditions for a change of an object. An If-Match tag names a generation and a metageneration, so it becomes a
 * precondition that is judged in the transaction of the change.
 */
export function changingPreconditions(request: HttpRequest, codec: GenerationCodec): Preconditions {
  const found = readPreconditions(request, DESTINATION);
  const ifMatch = request.headers['if-match'];
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
  const ifNoneMatch = request.headers['if-none-match'];
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() !== '*') {
      const message = 'If-None-Match with an entity tag is supported for reads only.';
      throw new StraitError('unsupported', message, { feature: 'If-None-Match' });
    }
    requireSame(found.ifGenerationMatch, 0n);
    found.ifGenerationMatch = 0n;
  }
  return fromWire(found, codec);
}

/** Buckets have a metageneration only. On reads, tags are judged apart, on what was read. */
export function bucketPreconditions(request: HttpRequest, use: 'read' | 'change'): Preconditions {
  const { ifMetagenerationMatch, ifMetagenerationNotMatch } = readPreconditions(request, DESTINATION);
  const found: { -readonly [K in keyof Preconditions]: bigint } = {};
  if (ifMetagenerationMatch !== undefined) found.ifMetagenerationMatch = ifMetagenerationMatch;
  if (ifMetagenerationNotMatch !== undefined) found.ifMetagenerationNotMatch = ifMetagenerationNotMatch;
  const ifMatch = request.headers['if-match'];
  if (use === 'change' && ifMatch !== undefined && ifMatch.trim() !== '*') {
    const metageneration = parseBucketEtag(parseEtagList(ifMatch)[0] ?? '');
    if (metageneration === undefined) throw failedIfMatch();
    requireSame(found.ifMetagenerationMatch, metageneration);
    found.ifMetagenerationMatch = metageneration;
  }
  return found;
}

function requireSame(given: bigint | undefined, wanted: bigint): void {
  if (given !== undefined && given !== wanted) throw failedIfMatch();
}

export function failedIfMatch(): StraitError<'preconditionFailed'> {
  const message = 'At least one of the pre-conditions you specified did not hold.';
  return new StraitError('preconditionFailed', message, { condition: 'If-Match' });
}

/** Customer-supplied keys are not kept yet: storing such bytes in the clear would betray the client. */
export function refuseCustomerKeys(request: HttpRequest): void {
  const header = ['x-goog-encryption-algorithm', 'x-goog-copy-source-encryption-algorithm'].find(
    (name) => request.headers[name] !== undefined,
  );
  const param = ['kmsKeyName', 'destinationKmsKeyName'].find((name) => request.target.query.has(name));
  const asked = header ?? param;
  if (asked === undefined) return;
  throw new StraitError('unsupported', `Encryption with your own keys (${asked}) is not supported.`, {
    feature: asked,
  });
}
