import { type ErrorCode, isStraitError, type StraitError } from '../model/errors.ts';
import type { NamedObject } from '../model/object.ts';
import { type Decision, decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { contentFacts, readTarget } from './insert-object.ts';
import { bucketNotFound, namedObject, retentionOfNamed } from './object-access.ts';
import { alongside, objectTransaction, stampsFor } from './object-transaction.ts';
import { GENERATION_OFFSET } from './rows/object-row.ts';
import { type ExpectedContent, encodeUpload, type UploadRow } from './rows/upload-row.ts';
import { judgeExpected, newState, withEncryption } from './rules/new-state.ts';
import { type StagedContent, stagedRows } from './staged-content.ts';
import {
  dropStaging,
  endedAnswer,
  type ReadUpload,
  readUpload,
  unchangedUpload,
  untieStaging,
  writeUpload,
} from './upload-session.ts';

/**
 * Makes the object of a session whose bytes are all there: checksums, preconditions, then one transaction for the
 * object and the end of the session. Whoever finishes it second gets the same object. A refusal ends the session too.
 */
export async function finishUpload(
  deps: NamespaceDeps,
  upload: ReadUpload,
  staged: StagedContent,
  declared: ExpectedContent = {},
): Promise<NamedObject> {
  try {
    const refusal = judgeExpected(upload.row.expected, staged) ?? judgeExpected(declared, staged);
    if (refusal !== undefined) throw refusal;
    const object = await decideAndCommit(deps, () => decideFinish(deps, upload.uploadId, staged));
    deps.crashPoints.reach('upload.after-finish');
    return object;
  } catch (error) {
    if (isStraitError(error) && ENDING_REFUSALS.has(error.code)) return refuseUpload(deps, upload.uploadId, error);
    throw error;
  }
}

async function decideFinish(
  deps: NamespaceDeps,
  uploadId: string,
  staged: StagedContent,
): Promise<Decision<NamedObject>> {
  const upload = await readUpload(deps, uploadId);
  const ended = endedAnswer(upload);
  if (ended !== undefined) return { kind: 'done', result: ended };
  const { row } = upload;
  const { object, ...into } = await readTarget(deps, row);
  const { bucket } = into;
  // Another bucket of the same name is not the one the upload was started for.
  if (bucket.id !== row.bucketId) throw bucketNotFound(row.bucket);
  const nowMs = deps.clock.nowMs();
  const facts = withEncryption(contentFacts(staged), row.encryption);
  const after = newState(row.attributes, facts, { bucket, nowMs, access: row.access });
  const made = objectTransaction(deps, into, [{ op: 'insert', object, after }], nowMs);
  const finished: UploadRow = {
    ...row,
    touchedMs: nowMs,
    status: { kind: 'finished', state: after, ...retentionOfNamed(bucket, after) },
  };
  const rows = await stagedRows(deps, deps.metadata, staged);
  return {
    kind: 'commit',
    transaction: alongside(made.transaction, {
      checks: [unchangedUpload(upload), ...(rows.checks ?? [])],
      writes: [
        // The object's own generation: the transaction's one mint.
        { kind: 'put', key: upload.key, value: encodeUpload(finished), ...stampsFor(0, GENERATION_OFFSET) },
        ...untieStaging(row),
        ...(rows.writes ?? []),
      ],
    }),
    result: (committed) => namedObject(bucket, row.name, made.stateOf(0, committed)),
  };
}

/** Refusals that no retry of the same session can mend. */
const ENDING_REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'preconditionFailed',
  'notModified',
  'checksumMismatch',
  'invalidArgument',
  'permissionDenied',
  'bucketNotFound',
]);

/** Ends the session with its refusal, which later requests get again, and drops its bytes. */
async function refuseUpload(deps: NamespaceDeps, uploadId: string, refusal: StraitError): Promise<NamedObject> {
  const upload = await readUpload(deps, uploadId);
  const ended = endedAnswer(upload);
  if (ended !== undefined) return ended;
  const { code, message, details } = refusal;
  const failed: UploadRow = {
    ...upload.row,
    touchedMs: deps.clock.nowMs(),
    status: { kind: 'failed', code, message, details },
  };
  const outcome = await writeUpload(deps, upload, failed, untieStaging(upload.row));
  // On a conflict another request ended the session, or will: its answer counts, not this one.
  if (outcome.kind === 'committed') await dropStaging(deps, upload.row);
  throw refusal;
}
