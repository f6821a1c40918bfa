import type { Clock } from '../../../runtime/clock.ts';
import type { CrashPoints } from '../../../runtime/crash-points.ts';
import type { Random } from '../../../runtime/random.ts';
import type { MemoryShare } from '../memory-share.ts';
import type { ReadBudget } from '../read-budget.ts';
import type { BlobPaths } from './blob-paths.ts';
import type { FileLayer } from './file-layer.ts';
import type { SharedSync } from './shared-sync.ts';

/** What the parts of the file store share. */
export interface FileEnv {
  readonly clock: Clock;
  readonly random: Random;
  readonly crashPoints: CrashPoints;
  readonly layer: FileLayer;
  readonly paths: BlobPaths;
  readonly folderSync: SharedSync;
  readonly writeShare: MemoryShare;
  readonly readBudget: ReadBudget;
  /** Content bytes after which a running append saves its progress. */
  readonly checkpointBytes: number;
}
