import type { Random } from '../../../runtime/random.ts';
import type { S3Objects } from './s3-objects.ts';

/** What the parts of the S3 store share. */
export interface S3Env {
  readonly objects: S3Objects;
  readonly random: Random;
  /** Stored bytes from which on a part goes up; at least S3's 5 MiB. */
  readonly partBytes: number;
  nextToken(): string;
}
