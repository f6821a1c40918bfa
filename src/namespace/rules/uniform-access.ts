import { StraitError } from '../../model/errors.ts';

/**
 * Uniform bucket-level access and its older name, `bucketPolicyOnly`, say the same. Once on, it can be turned off for
 * 90 days; access lists are kept meanwhile, and are there again
 * (https://cloud.google.com/storage/docs/uniform-bucket-level-access).
 */

const LOCKED_AFTER_MS = 90 * 24 * 3_600_000;

type Settings = Readonly<Record<string, unknown>>;

interface Uniform {
  /** Absent: not said. */
  readonly enabled?: boolean;
  readonly lockedTime?: string;
}

export function withUniformAccess(before: Settings, after: Settings, nowMs: number): Settings {
  const was = uniformOf(before, 'uniformBucketLevelAccess');
  const wanted = wantedUniform(before, after);
  if (was.enabled && !wanted && was.lockedTime !== undefined && Date.parse(was.lockedTime) <= nowMs) {
    const message = `Uniform bucket-level access cannot be disabled any more: it is locked since ${was.lockedTime}.`;
    throw new StraitError('invalidArgument', message, { field: 'iamConfiguration.uniformBucketLevelAccess.enabled' });
  }
  const lockedTime = (was.enabled ? was.lockedTime : undefined) ?? new Date(nowMs + LOCKED_AFTER_MS).toISOString();
  const uniform: Uniform = wanted ? { enabled: true, lockedTime } : { enabled: false };
  const iamConfiguration = configurationOf(after);
  return {
    ...after,
    iamConfiguration: { ...iamConfiguration, bucketPolicyOnly: uniform, uniformBucketLevelAccess: uniform },
  };
}

/** Where both names are said, whichever changes decides. */
function wantedUniform(before: Settings, after: Settings): boolean {
  const was = uniformOf(before, 'uniformBucketLevelAccess').enabled ?? false;
  const named = uniformOf(after, 'uniformBucketLevelAccess').enabled;
  const older = uniformOf(after, 'bucketPolicyOnly').enabled;
  if (named === undefined || older === undefined) return named ?? older ?? false;
  return named === was ? older : named;
}

function uniformOf(settings: Settings, name: 'uniformBucketLevelAccess' | 'bucketPolicyOnly'): Uniform {
  const uniform = configurationOf(settings)[name];
  if (typeof uniform !== 'object' || uniform === null) return {};
  const { enabled, lockedTime } = uniform as Settings;
  return {
    ...(typeof enabled === 'boolean' ? { enabled } : {}),
    ...(typeof lockedTime === 'string' ? { lockedTime } : {}),
  };
}

function configurationOf({ iamConfiguration }: Settings): Settings {
  return typeof iamConfiguration === 'object' && iamConfiguration !== null ? (iamConfiguration as Settings) : {};
}
