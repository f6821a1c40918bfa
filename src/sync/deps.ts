import type { BucketName, ObjectName } from '../model/ids.ts';
import type { NamespaceDeps } from '../namespace/deps.ts';
import type { Remote } from '../remotes/port.ts';
import type { TableFormat } from '../tables/port.ts';
import type { PolicySettings } from './rules/policy.ts';

/** What sync needs: the site's own stores, the far end, and the table formats it understands. */
export interface SyncDeps extends NamespaceDeps {
  readonly remote: Remote;
  /** Asked in this order which table a name proves. */
  readonly formats: readonly TableFormat[];
}

export interface SyncSettings {
  /** Followed buckets; empty: every bucket of the project. */
  readonly buckets: readonly BucketName[];
  readonly policies: PolicySettings;
  readonly pathAliases: readonly {
    readonly bucket: BucketName;
    readonly prefix: ObjectName;
    readonly aliases: readonly string[];
  }[];
  /** Time between the starts of two full listings of a bucket. */
  readonly reconcileMs: number;
  /** Time between two cheap questions about a table; grows to `tailPollMaxMs` while nothing happens. */
  readonly tailPollMs: number;
  readonly tailPollMaxMs: number;
  /** A version whose files are late for longer than this is held. */
  readonly heldAfterMs: number;
  readonly looseAfterMs: number;
  readonly retireGraceMs: number;
  /** Objects fetched at the same time. */
  readonly transferConcurrency: number;
  /** Most bytes of one object that are asked for and not yet durable, on their way and in memory together. */
  readonly transferPartBytes: number;
  /** Objects up to this size are fetched whole on a read-through. */
  readonly readThroughWholeBytesMax: number;
  /** Local bytes beyond which `keep` becomes `read-through`; 0: no limit. */
  readonly capacityBytes: number;
  /** Below this free share of the disk `keep` becomes `read-through`. */
  readonly freeShareMin: number;
}

/** The name this site gives the owner of buckets that sync brings down. */
export const CLOUD = 'cloud';
