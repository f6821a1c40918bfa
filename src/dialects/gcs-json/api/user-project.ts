/** The project that pays for a call: `userProject`, or the header of the XML API (page "Requester Pays"). */
import { StraitError } from '../../../model/errors.ts';
import type { HttpRequest } from '../../shared/http-message.ts';
import type { GcsJsonContext } from './context.ts';
import type { Method } from './methods.ts';
import type { DecodedParameters } from './parameters.ts';

const PARAMETER = 'userProject';
const HEADER = 'x-goog-user-project';
const BUCKETS = ['bucket', 'sourceBucket', 'destinationBucket'];
/** An id, with the domain before it that old ones have, or a number. */
const PROJECT = /^(?:(?:[a-z0-9-]+\.)+[a-z]+:)?[a-z][a-z0-9-]{0,62}$|^\d{1,20}$/;

interface AskedCall {
  readonly request: HttpRequest;
  readonly parameters: DecodedParameters;
}

/**
 * Refuses a call that names no project where the requester pays. GCS lets callers do without who may bill the bucket's
 * own project; nobody is known here yet, so nobody is let do without.
 */
export async function assertPayer(method: Method, context: GcsJsonContext, call: AskedCall): Promise<void> {
  const { request, parameters } = call;
  if (!method.parameters.has(PARAMETER)) return;
  const project = parameters.get(PARAMETER) ?? request.headers[HEADER];
  if (project !== undefined) return assertProject(String(project));
  // The start of the upload has said who pays.
  if (request.target.query.has('upload_id')) return;
  for (const name of BUCKETS) {
    const bucket = parameters.get(name);
    if (typeof bucket !== 'string' || !(await context.namespace.isRequesterPays(bucket))) continue;
    const message = 'Bucket is a requester pays bucket but no user project provided.';
    throw new StraitError('invalidArgument', message, { reason: 'required' });
  }
}

function assertProject(project: string): void {
  if (PROJECT.test(project)) return;
  const message = `User project specified in the request is invalid: "${project.slice(0, 100)}" is no project's id.`;
  throw new StraitError('invalidArgument', message, { reason: 'invalid' });
}
