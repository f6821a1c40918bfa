import { StraitError } from '../model/errors.ts';
import type { BucketName, Generation, ObjectName } from '../model/ids.ts';
import type { NamedObject, ObjectAttributes } from '../model/object.ts';
import type { Preconditions } from '../model/preconditions.ts';
import type { NamespaceDeps } from './deps.ts';
import type { ObjectAddress } from './read-object.ts';

/** Copies, moves and compositions are metadata transactions over shared segments: O(1) in bytes. */
export interface CopyInput {
  readonly source: ObjectAddress;
  readonly sourcePreconditions: Preconditions;
  readonly destination: { readonly bucket: BucketName; readonly name: ObjectName };
  readonly preconditions: Preconditions;
  /** Absent: the source's attributes are copied. Present: they replace the source's, all of them. */
  readonly attributes?: ObjectAttributes;
}

/** objects.copy and objects.rewrite (inside one sharing domain a rewrite ends in its first call). */
export async function copyObject(_deps: NamespaceDeps, _input: CopyInput): Promise<NamedObject> {
  throw new StraitError('unsupported', 'objects.copy', { feature: 'copy' });
}

/** objects.move: source gone and destination there in one transaction. Same bucket. */
export async function moveObject(_deps: NamespaceDeps, _input: CopyInput): Promise<NamedObject> {
  throw new StraitError('unsupported', 'objects.move', { feature: 'move' });
}

export interface ComposeInput {
  readonly destination: { readonly bucket: BucketName; readonly name: ObjectName };
  readonly attributes: ObjectAttributes;
  readonly preconditions: Preconditions;
  /** 1–32, of the destination's bucket. */
  readonly sources: readonly {
    readonly name: ObjectName;
    readonly generation?: Generation;
    readonly ifGenerationMatch?: bigint;
  }[];
  /** Delete the sources in the same transaction. */
  readonly deleteSources: boolean;
}

export async function composeObject(_deps: NamespaceDeps, _input: ComposeInput): Promise<NamedObject> {
  throw new StraitError('unsupported', 'objects.compose', { feature: 'compose' });
}
