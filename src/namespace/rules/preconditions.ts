import { StraitError } from '../../model/errors.ts';
import type { Preconditions } from '../../model/preconditions.ts';

/** What preconditions are judged against. Buckets have no generation here. */
export interface Versioned {
  readonly generation?: bigint;
  readonly metageneration: bigint;
}

/**
 * The first precondition that does not hold, as the error to answer with: a failed Match is `preconditionFailed`, a
 * failed NotMatch is `notModified` (gcs-api §5 items 1–3). Without a live version only `ifGenerationMatch: 0` holds;
 * `ifGenerationNotMatch` fails even for 0, which asks for a live version.
 */
export function judgePreconditions(
  conditions: Preconditions,
  live: Versioned | undefined,
): StraitError<'preconditionFailed' | 'notModified'> | undefined {
  const generation = live === undefined ? 0n : live.generation;
  return (
    judgeMatch('ifGenerationMatch', conditions.ifGenerationMatch, generation) ??
    judgeMatch('ifMetagenerationMatch', conditions.ifMetagenerationMatch, live?.metageneration) ??
    judgeNotMatch('ifGenerationNotMatch', conditions.ifGenerationNotMatch, live?.generation) ??
    judgeNotMatch('ifMetagenerationNotMatch', conditions.ifMetagenerationNotMatch, live?.metageneration)
  );
}

function judgeMatch(condition: string, expected: bigint | undefined, actual: bigint | undefined) {
  if (expected === undefined || expected === actual) return undefined;
  return new StraitError('preconditionFailed', `${condition} asks for ${expected}, it is ${say(actual)}`, {
    condition,
  });
}

function judgeNotMatch(condition: string, unwanted: bigint | undefined, actual: bigint | undefined) {
  if (unwanted === undefined || (actual !== undefined && unwanted !== actual)) return undefined;
  return new StraitError('notModified', `${condition} excludes ${unwanted}, it is ${say(actual)}`, { condition });
}

function say(actual: bigint | undefined): string {
  return actual === undefined || actual === 0n ? 'absent' : `${actual}`;
}
