import type { NewObjectAccess } from '../model/access-list.ts';
import type { Bucket } from '../model/bucket.ts';
import type { EncryptionChoice } from '../model/encryption.ts';
import type { BucketName, ObjectName } from '../model/ids.ts';
import type { NamedObject, ObjectAttributes } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { hasFolders } from './folders/resolve.ts';
import { namedObject, type ReadObject, readForChange, type WriteTarget } from './object-access.ts';
import { alongside, objectTransaction } from './object-transaction.ts';
import type { ExpectedContent } from './rows/upload-row.ts';
import { newObjectAccess } from './rules/access.ts';
import { assertAttributes } from './rules/attributes.ts';
import { assertChoice, chosenEncryption, newEncryption } from './rules/encryption.ts';
import { assertNameInFolders } from './rules/folder-names.ts';
import { assertObjectName } from './rules/names.ts';
import { type ContentFacts, judgeExpected, newState, withEncryption } from './rules/new-state.ts';
import { withProtection } from './rules/object-retention.ts';
import { judgePreconditions } from './rules/preconditions.ts';
import { judgeKept } from './rules/retention.ts';
import { dropStaged, type StagedContent, stageContent, stagedRows } from './staged-content.ts';

/** What an upload says about the object it makes; fixed when the upload starts. */
export interface InsertTarget extends EncryptionChoice {
  readonly bucket: BucketName;
  readonly name: ObjectName;
  readonly attributes: ObjectAttributes;
  readonly preconditions: Preconditions;
  /** Checksums the client declared; bytes that differ are refused with `checksumMismatch`. */
  readonly expected: ExpectedContent;
  readonly access?: NewObjectAccess;
}

/**
 * Inserts an object in one request: preconditions, staged bytes, one commit. Durable when it resolves. A refusal that
 * is known before the bytes have come leaves `body` unread; preconditions are judged again at the commit.
 */
export async function insertObject(
  deps: NamespaceDeps,
  input: { readonly target: InsertTarget; readonly body: AsyncIterable<Uint8Array> },
): Promise<NamedObject> {
  const { target, body } = input;
  assertObjectName(target.name);
  assertAttributes(target.attributes);
  assertChoice(target);
  const { bucket } = await readTarget(deps, target);
  newObjectAccess(bucket, target.access ?? {});
  newEncryption(bucket, chosenEncryption(target));
  withProtection(target.attributes, { bucket, nowMs: deps.clock.nowMs() });
  const staged = await stageContent(deps, body, target.customerKey);
  deps.crashPoints.reach('insert.after-bytes-staged');
  try {
    const refusal = judgeExpected(target.expected, staged);
    if (refusal !== undefined) throw refusal;
    return await commitInsert(deps, target, staged);
  } catch (error) {
    await dropStaged(deps, staged, error);
    throw error;
  }
}

export async function commitInsert(
  deps: NamespaceDeps,
  target: InsertTarget,
  staged: StagedContent,
): Promise<NamedObject> {
  return decideAndCommit(deps, async () => {
    const { object, ...into } = await readTarget(deps, target);
    const nowMs = deps.clock.nowMs();
    const facts = withEncryption(contentFacts(staged), chosenEncryption(target));
    const after = newState(target.attributes, facts, { bucket: into.bucket, nowMs, access: target.access });
    const made = objectTransaction(deps, into, [{ op: 'insert', object, after }], nowMs);
    return {
      kind: 'commit',
      transaction: alongside(made.transaction, await stagedRows(deps, deps.metadata, staged)),
      result: (committed) => namedObject(into.bucket, target.name, made.stateOf(0, committed)),
    };
  });
}

/** The bucket and the row an object is to be made in; throws what forbids it. */
export async function readTarget(
  deps: NamespaceDeps,
  target: { readonly bucket: BucketName; readonly name: ObjectName; readonly preconditions: Preconditions },
): Promise<WriteTarget & { readonly object: ReadObject }> {
  const { objects, ...into } = await readForChange(deps, target.bucket, [{ name: target.name }]);
  const [object] = objects;
  if (object === undefined) throw new RangeError('one name was asked for');
  if (hasFolders(into.bucket)) assertNameInFolders(target.name);
  assertReplaceable({ ...target, bucket: into.bucket }, object, deps.clock.nowMs());
  return { ...into, object };
}

/** Preconditions of a destination, and what keeps the version it would replace. */
export function assertReplaceable(
  target: { readonly bucket: Bucket; readonly name: ObjectName; readonly preconditions: Preconditions },
  object: ReadObject,
  nowMs: number,
): void {
  const { bucket, name } = target;
  const refusal =
    judgePreconditions(target.preconditions, object.live) ?? judgeKept({ bucket, name, nowMs }, object.live);
  if (refusal !== undefined) throw refusal;
}

/** The facts without what only staging needs. */
export function contentFacts(staged: StagedContent): ContentFacts {
  const { size, crc32c, md5, content, encryption } = staged;
  return {
    size,
    crc32c,
    content,
    ...(md5 === undefined ? {} : { md5 }),
    ...(encryption === undefined ? {} : { encryption }),
  };
}
