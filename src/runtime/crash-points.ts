/**
 * Named places where a crash would hurt most. In production `reach` does nothing; the fault tests set
 * `crashAt` (a setting that only test runs know) and the process dies there by SIGKILL.
 */
export const CRASH_POINTS = [
  'blob.after-data-write',
  'blob.after-data-fsync',
  'blob.after-rename',
  'blob.after-folder-fsync',
  'staging.after-append',
  'staging.after-progress-saved',
  'metadata.before-commit',
  'metadata.after-commit',
  'upload.before-seal',
  'upload.after-seal',
  'upload.after-finish',
  'insert.after-bytes-staged',
  'lifecycle.after-batch',
  'lifecycle.after-progress',
  'channel.after-call',
  'notification.after-publish',
  'reap.after-blob-row-removed',
  'reap.after-bytes-removed',
  'sync.after-applied',
  'sync.after-transfer',
  'sync.after-bytes-recorded',
  'sync.before-publish',
  'sync.after-publish',
  'sync.after-stage-batch',
  'sync.after-flip',
  'sync.after-fold-batch',
  'sync.after-retire',
] as const;

export type CrashPoint = (typeof CRASH_POINTS)[number];

export interface CrashPoints {
  reach(point: CrashPoint): void;
}

export const noCrashPoints: CrashPoints = { reach() {} };

/** Kills this process at the `count`-th time `point` is reached. */
export function crashAt(point: CrashPoint, count: number): CrashPoints {
  let left = count;
  return {
    reach(reached) {
      if (reached !== point) return;
      left -= 1;
      if (left <= 0) process.kill(process.pid, 'SIGKILL');
    },
  };
}
