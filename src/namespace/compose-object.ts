import type { NewObjectAccess } from '../model/access-list.ts';
import type { CustomerKey, EncryptionChoice } from '../model/encryption.ts';
import { StraitError } from '../model/errors.ts';
import type { BucketName, Generation, ObjectName } from '../model/ids.ts';
import type { Content, NamedObject, ObjectAttributes, ObjectContexts, ObjectState, Segment } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import { type Check, LIMITS, type Transaction } from '../stores/metadata/port.ts';
import { type Decision, decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { assertReplaceable } from './insert-object.ts';
import {
  addressedRow,
  liveBlobs,
  namedObject,
  type ReadObject,
  type ReadVersion,
  readForChange,
  type WriteTarget,
} from './object-access.ts';
import { alongside, type ObjectChange, objectTransaction } from './object-transaction.ts';
import { openObject } from './read-object.ts';
import { pageSegmentsMax } from './rows/blob-rows.ts';
import { blobsOfContent, unchanged } from './rows/references.ts';
import { assertAttributes } from './rules/attributes.ts';
import { hasAutoclass } from './rules/bucket-settings.ts';
import { assertContexts } from './rules/contexts.ts';
import { assertChoice, chosenEncryption, judgeKey } from './rules/encryption.ts';
import { assertObjectName } from './rules/names.ts';
import { COMPOSE_SOURCES_MAX, composedFacts, newState, withEncryption } from './rules/new-state.ts';
import { writeSegmentPage } from './segment-page.ts';
import { joinSegments, segmentsOf } from './segments.ts';
import { type StagedContent, stageContent, stagedRows } from './staged-content.ts';

export interface ComposeInput extends EncryptionChoice {
  readonly destination: { readonly bucket: BucketName; readonly name: ObjectName };
  readonly attributes: ObjectAttributes;
  readonly preconditions: Preconditions;
  readonly access?: NewObjectAccess;
  /** 1–32, of the destination's bucket. */
  readonly sources: readonly {
    readonly name: ObjectName;
    readonly generation?: Generation;
    readonly ifGenerationMatch?: bigint;
  }[];
  /** Delete the sources in the same transaction. */
  readonly deleteSources: boolean;
  /** Contexts of the sources are left behind; without this the composition has those of all, unless it sets some. */
  readonly dropsContexts?: boolean;
}

/** Segments that stay in the row; more go to a page. */
const ROW_SEGMENTS_MAX = 32;

/**
 * objects.compose: a metadata transaction over the sources' segments. Past what a page of segments holds the bytes are
 * rewritten into one blob first, which takes as long as reading them.
 */
export async function composeObject(deps: NamespaceDeps, input: ComposeInput): Promise<NamedObject> {
  assertObjectName(input.destination.name);
  assertAttributes(input.attributes);
  assertChoice(input);
  assertSourceCount(input.sources.length);
  return decideAndCommit(deps, () => decideCompose(deps, input));
}

function assertSourceCount(count: number): void {
  if (count === 0) {
    const details = { field: 'sourceObjects', reason: 'required' as const };
    throw new StraitError('invalidArgument', 'You must provide at least one source component.', details);
  }
  if (count <= COMPOSE_SOURCES_MAX) return;
  const message = `The number of source components provided (${count}) exceeds the maximum (${COMPOSE_SOURCES_MAX})`;
  throw new StraitError('invalidArgument', message, { field: 'sourceObjects' });
}

async function decideCompose(deps: NamespaceDeps, input: ComposeInput): Promise<Decision<NamedObject>> {
  const { destination } = input;
  const read = await readComposition(deps, input);
  const content = await composedContent(deps, read.sources, input.customerKey);
  if (content === undefined) return { kind: 'again' };
  const nowMs = deps.clock.nowMs();
  const sum = { ...composedFacts(read.sources.map(({ state }) => state)), content: content.content };
  const facts = withEncryption(sum, chosenEncryption(input));
  const attributes = input.dropsContexts === true ? input.attributes : { ...contextsOf(read), ...input.attributes };
  const after = newState(attributes, facts, { bucket: read.target.bucket, nowMs, access: input.access });
  const changes: ObjectChange[] = [{ op: 'insert', object: read.destination, after }];
  if (input.deleteSources) changes.push(...deletions(read));
  const made = objectTransaction(deps, read.target, changes, nowMs);
  const rows = content.staged === undefined ? {} : await stagedRows(deps, deps.metadata, content.staged);
  const checks: Check[] = [...content.checks, ...sourceChecks(read), ...(rows.checks ?? [])];
  const transaction = alongside(made.transaction, { checks, writes: rows.writes ?? [] });
  assertFits(transaction);
  return {
    kind: 'commit',
    transaction,
    result: (committed) => namedObject(read.target.bucket, destination.name, made.stateOf(0, committed)),
  };
}

interface ReadSource {
  readonly row: ReadObject | ReadVersion;
  readonly state: ObjectState;
}

interface Composition {
  readonly target: WriteTarget;
  readonly destination: ReadObject;
  readonly sources: readonly ReadSource[];
}

async function readComposition(deps: NamespaceDeps, input: ComposeInput): Promise<Composition> {
  const { destination: wanted, sources: wantedSources } = input;
  const { objects, ...target } = await readForChange(deps, wanted.bucket, [wanted, ...wantedSources]);
  const [destination, ...found] = objects;
  if (destination === undefined) throw new RangeError('every name was asked for');
  const sources = found.map((object, index): ReadSource => {
    const source = wantedSources[index] ?? { name: object.name };
    const read = addressedRow({ bucket: wanted.bucket, ...source }, object);
    assertSourceGeneration(source, read.state);
    const wrongKey = judgeKey(read.state.encryption, input.customerKey, { side: 'target', isForBytes: true });
    if (wrongKey !== undefined) throw wrongKey;
    return read;
  });
  const { preconditions } = input;
  assertReplaceable({ ...wanted, bucket: target.bucket, preconditions }, destination, deps.clock.nowMs());
  const composition = { target, destination, sources };
  assertOneClass(composition, input.attributes.storageClass ?? target.bucket.storageClass);
  return composition;
}

/**
 * The composition's storage class, which is the bucket's unless it is named, must be that of all sources. Where the
 * bucket moves objects between classes itself, theirs say nothing.
 */
function assertOneClass({ target, sources }: Composition, storageClass: string): void {
  if (hasAutoclass(target.bucket)) return;
  const others = new Set(sources.map(({ state }) => state.storageClass).filter((one) => one !== storageClass));
  if (others.size === 0) return;
  const message =
    `Cannot compose object with destination storage class ${storageClass} ` +
    `from source components that have different storage classes (${[...others].join(', ')})`;
  throw new StraitError('invalidArgument', message, {});
}

/** Of a key that several sources have, what the last of them says. */
function contextsOf({ sources }: Composition): ObjectAttributes {
  const contexts = Object.assign({}, ...sources.map(({ state }) => state.contexts)) as ObjectContexts;
  if (Object.keys(contexts).length === 0) return {};
  assertContexts(contexts);
  return { contexts };
}

function assertSourceGeneration(source: ComposeInput['sources'][number], state: ObjectState): void {
  const { ifGenerationMatch, name } = source;
  if (ifGenerationMatch === undefined || ifGenerationMatch === state.generation) return;
  const condition = 'sourceObjects.objectPreconditions.ifGenerationMatch';
  const message = `source ${name} has generation ${state.generation}, not ${ifGenerationMatch}`;
  throw new StraitError('preconditionFailed', message, { condition });
}

/** Each version once, and never the destination, which has just been made. */
function deletions(read: Composition): readonly ObjectChange[] {
  const sources = new Map(read.sources.map((source) => [Buffer.from(source.row.key).toString('latin1'), source]));
  sources.delete(Buffer.from(read.destination.key).toString('latin1'));
  return [...sources.values()].map(({ row, state }) => ({ op: 'delete', object: row, state }));
}

/** That the sources are still as they were read: the composition is of one moment. */
function sourceChecks(read: Composition): readonly Check[] {
  return read.sources.map(({ row }) => unchanged(row.key, row.row));
}

interface ComposedContent {
  readonly content: Content;
  readonly checks: readonly Check[];
  readonly staged?: StagedContent;
}

/** Undefined when a source's bytes are gone already: it was read out of date. */
async function composedContent(
  deps: NamespaceDeps,
  sources: readonly ReadSource[],
  key: CustomerKey | undefined,
): Promise<ComposedContent | undefined> {
  const segments = joinSegments(await sourceSegments(deps, sources));
  if (segments.length > pageSegmentsMax(segments)) return rewrittenContent(deps, sources, key);
  const content: Content | undefined =
    segments.length <= ROW_SEGMENTS_MAX ? { kind: 'local', segments } : await writeSegmentPage(deps, segments);
  if (content === undefined) return undefined;
  const checks = await liveBlobs(deps.metadata, blobsOfContent(content));
  return checks === undefined ? undefined : { content, checks };
}

async function sourceSegments(deps: NamespaceDeps, sources: readonly ReadSource[]): Promise<readonly Segment[]> {
  const lists: (readonly Segment[])[] = [];
  for (const { row, state } of sources) {
    if (state.content.kind === 'remote') {
      throw new StraitError('unavailable', `the bytes of ${row.name} are not at this site`, {});
    }
    lists.push(await segmentsOf(deps.metadata, state.content));
  }
  return lists.flat();
}

async function rewrittenContent(
  deps: NamespaceDeps,
  sources: readonly ReadSource[],
  key: CustomerKey | undefined,
): Promise<ComposedContent> {
  const staged = await stageContent(deps, sourceBytes(deps, sources, key), key);
  const expected = composedFacts(sources.map(({ state }) => state));
  if (staged.crc32c !== expected.crc32c || staged.size !== expected.size) {
    throw new StraitError('corrupt', 'the bytes of a composition fail their checksum', { blob: 'composition' });
  }
  return { content: staged.content, checks: [], staged };
}

async function* sourceBytes(
  deps: NamespaceDeps,
  sources: readonly ReadSource[],
  customerKey: CustomerKey | undefined,
): AsyncIterable<Uint8Array> {
  const { signal } = new AbortController();
  for (const { row, state } of sources) {
    const named = { bucket: '', name: row.name, state };
    const range = { start: 0, end: state.size };
    yield* openObject(deps, { object: named, range, signal, ...(customerKey && { customerKey }) });
  }
}

function assertFits(transaction: Transaction): void {
  const count = transaction.writes.length;
  if (count <= LIMITS.writesPerCommitMax) return;
  const message = 'the sources have too many segments to be deleted with the composition: delete them afterwards';
  throw new StraitError('invalidArgument', message, { field: 'deleteSourceObjects' });
}
