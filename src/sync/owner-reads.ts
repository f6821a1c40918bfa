/** What a site does not mirror of its cloud's buckets: the cloud is asked each time (docs/protocols/site-reads.md). */
import { isStraitError, StraitError } from '../model/errors.ts';
import type { Remote, ResourceAnswer, ResourceRequest } from '../remotes/port.ts';

export type { ResourceAnswer, ResourceRequest } from '../remotes/port.ts';

export interface OwnerReads {
  /** Its address: where clients send what this site refuses. */
  readonly endpoint: string;
  /** `unavailable` when the owner does not answer, or not to this site. Its other refusals are answers. */
  ask(request: ResourceRequest, signal: AbortSignal): Promise<ResourceAnswer>;
}

export function createOwnerReads(remote: Pick<Remote, 'getResource'>, endpoint: string): OwnerReads {
  return {
    endpoint,
    async ask(request, signal) {
      try {
        return await remote.getResource(request, signal);
      } catch (error) {
        signal.throwIfAborted();
        throw cannotAsk(endpoint, error);
      }
    },
  };
}

/** An owner that cannot be asked is never taken for one that has nothing. */
function cannotAsk(endpoint: string, cause: unknown): StraitError<'unavailable'> {
  const why = isStraitError(cause, 'permissionDenied')
    ? "it refuses this site's credentials; check what --cloud-credentials names"
    : 'it does not answer; try again, and check the way to it if this stays so';
  const message = `This is not kept at this site but asked of ${endpoint}, and ${why}.`;
  return new StraitError('unavailable', message, {}, { cause });
}
