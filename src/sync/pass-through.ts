/** Names the policy leaves at their owner: every question about them is the owner's to answer. */
import { StraitError } from '../model/errors.ts';
import type { PassThrough } from '../namespace/deps.ts';
import type { Remote } from '../remotes/port.ts';
import { type PolicySettings, policyOf } from './rules/policy.ts';

const NO_SIGNAL = new AbortController().signal;

export function createPassThrough(remote: Remote, policies: PolicySettings): PassThrough {
  const covers = (bucket: string, name: string) => policyOf(policies, bucket, name) === 'pass-through';
  return {
    covers,
    isPartly: (bucket, prefix) =>
      covers(bucket, prefix) ||
      policies.rules.some(
        (rule) => rule.bucket === bucket && rule.policy === 'pass-through' && rule.prefix.startsWith(prefix),
      ),

    async get(bucket, name) {
      return (await asked(() => remote.getObject(bucket, name, NO_SIGNAL)))?.state;
    },

    async *list(bucket, { prefix, startOffset }, signal) {
      let pageToken: string | undefined;
      do {
        const from = { ...(prefix === '' ? {} : { prefix }), ...(startOffset === '' ? {} : { startOffset }) };
        const request = pageToken === undefined ? from : { ...from, pageToken };
        const page = await asked(() => remote.listObjects(bucket, request, signal));
        for (const object of page.objects) if (covers(bucket, object.name)) yield object;
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
    },
  };
}

/** An owner that cannot be reached is never taken for one that has nothing. */
async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof StraitError) throw error;
    throw new StraitError('unavailable', 'the owner of this name cannot be asked now', {}, { cause: error });
  }
}
