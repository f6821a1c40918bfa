/** What a site does not mirror of its cloud's buckets: the cloud is asked each time (docs/protocols/site-reads.md). */
import { isStraitError, StraitError } from '../model/errors.ts';
import type { OwnerListings } from '../namespace/deps.ts';
import type { Remote, ResourceAnswer, ResourceRequest } from '../remotes/port.ts';
import type { Clock } from '../runtime/clock.ts';
import { DeadlineExceeded } from '../runtime/deadline.ts';

export type { ResourceAnswer, ResourceRequest } from '../remotes/port.ts';

export interface OwnerReads {
  /** Its address: where clients send what this site refuses. */
  readonly endpoint: string;
  readonly listings: OwnerListings;
  /** `unavailable` when the owner does not answer, or not to this site. Its other refusals are answers. */
  ask(request: ResourceRequest, signal: AbortSignal): Promise<ResourceAnswer>;
}

/** After an owner did not answer. */
const AWAY_MS = 5_000;

export function createOwnerReads(
  { remote, clock }: { readonly remote: Pick<Remote, 'getResource' | 'listPage'>; readonly clock: Clock },
  endpoint: string,
): OwnerReads {
  let awayUntilMs = Number.NEGATIVE_INFINITY;
  const asked = async <T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> => {
    try {
      const answer = await ask();
      awayUntilMs = Number.NEGATIVE_INFINITY;
      return answer;
    } catch (error) {
      const isLate = signal.reason instanceof DeadlineExceeded;
      if (isLate || isStraitError(error, 'unavailable')) awayUntilMs = clock.monotonicMs() + AWAY_MS;
      signal.throwIfAborted();
      throw isStraitError(error, 'bucketNotFound') ? error : cannotAsk(endpoint, error);
    }
  };
  return {
    endpoint,
    listings: {
      isAway: () => clock.monotonicMs() < awayUntilMs,
      list: (bucket, request, signal) => asked(signal, () => remote.listPage(bucket, request, signal)),
      async hasManagedFolder(bucket, prefix, signal) {
        const query = [['prefix', prefix] as const, ['pageSize', '1'] as const];
        const path = ['b', bucket, 'managedFolders'];
        const { resource } = await asked(signal, () => remote.getResource({ path, query }, signal));
        const { items } = resource as { readonly items?: readonly unknown[] };
        return items !== undefined && items.length > 0;
      },
    },
    ask: (request, signal) => asked(signal, () => remote.getResource(request, signal)),
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
