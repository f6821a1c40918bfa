/** The project that pays for a call: `userProject`, or the header of the XML API (page "Requester Pays"). */
import { StraitError } from '../../../model/errors.ts';
import type { BucketName } from '../../../model/ids.ts';
import type { Namespace } from '../../../namespace/service.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { HttpRequest } from '../../shared/http-message.ts';
import type { Method } from './methods.ts';
import type { DecodedParameters } from './parameters.ts';

const PARAMETER = 'userProject';
const HEADER = 'x-goog-user-project';
const BUCKETS = ['bucket', 'sourceBucket', 'destinationBucket'];
/** An id, with the domain before it that old ones have, or a number. */
const PROJECT = /^(?:(?:[a-z0-9-]+\.)+[a-z]+:)?[a-z][a-z0-9-]{0,62}$|^\d{1,20}$/;

/** What is remembered of a bucket is at most this old: a call costs no read more than it would without all this. */
const REMEMBER_MS = 1_000;
const BUCKETS_REMEMBERED_MAX = 10_000;

interface AskedCall {
  readonly request: HttpRequest;
  readonly parameters: DecodedParameters;
}

/**
 * Refuses calls that name no project where the requester pays. GCS lets callers do without who may bill the bucket's
 * own project; nobody is known here yet, so nobody is let do without.
 */
export class Payers {
  readonly #clock: Clock;
  readonly #isRequesterPays: Namespace['isRequesterPays'];
  /** When it was seen last that a bucket's own project pays. */
  readonly #freeSinceMs = new Map<BucketName, number>();

  constructor(clock: Clock, namespace: Pick<Namespace, 'isRequesterPays'>) {
    this.#clock = clock;
    this.#isRequesterPays = namespace.isRequesterPays;
  }

  async assertNamed(method: Method, { request, parameters }: AskedCall): Promise<void> {
    if (!method.parameters.has(PARAMETER)) return;
    const project = parameters.get(PARAMETER) ?? request.headers[HEADER];
    if (project !== undefined) return assertProject(String(project));
    // The start of the upload has said who pays.
    if (request.target.query.has('upload_id')) return;
    for (const name of BUCKETS) {
      const bucket = parameters.get(name);
      if (typeof bucket !== 'string' || (await this.#isFree(bucket))) continue;
      const message = 'Bucket is a requester pays bucket but no user project provided.';
      throw new StraitError('invalidArgument', message, { reason: 'required' });
    }
  }

  async #isFree(bucket: BucketName): Promise<boolean> {
    const nowMs = this.#clock.monotonicMs();
    const seenMs = this.#freeSinceMs.get(bucket);
    if (seenMs !== undefined && nowMs - seenMs < REMEMBER_MS) return true;
    if (await this.#isRequesterPays(bucket)) return false;
    if (this.#freeSinceMs.size >= BUCKETS_REMEMBERED_MAX) this.#freeSinceMs.clear();
    this.#freeSinceMs.set(bucket, nowMs);
    return true;
  }
}

function assertProject(project: string): void {
  if (PROJECT.test(project)) return;
  const message = `User project specified in the request is invalid: "${project.slice(0, 100)}" is no project's id.`;
  throw new StraitError('invalidArgument', message, { reason: 'invalid' });
}
