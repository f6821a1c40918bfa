/** Managed folders: prefixes of a bucket's names that have policies of their own. */
import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import type { BucketName } from '../model/ids.ts';
import type { ManagedFolder, RapidCachePolicy } from '../model/managed-folder.ts';
import type { GivenPolicy, Policy } from '../model/policy.ts';
import type { Preconditions } from '../model/preconditions.ts';
import { randomHex } from '../runtime/random.ts';
import type { Check, KeyRange, MetadataStore, MetadataView, Row } from '../stores/metadata/port.ts';
import { readForBucketChange } from './buckets.ts';
import { decideAndCommit } from './commit-loop.ts';
import type { NamespaceDeps } from './deps.ts';
import { contentsOf } from './folders/folders.ts';
import { hasFolders, NameResolver } from './folders/resolve.ts';
import { assertKeptHere, assertWritable, readBucket } from './object-access.ts';
import { folderEntry } from './rows/journal.ts';
import {
  bucketAliveKey,
  justAfter,
  managedFolderKey,
  managedFolderNameOf,
  managedFoldersFrom,
  namesFrom,
} from './rows/keys.ts';
import { decodeManagedFolder, encodeManagedFolder } from './rows/managed-folder-row.ts';
import { type PolicyPlace, policyWrites, readPolicy } from './rows/policy-rows.ts';
import { unchanged } from './rows/references.ts';
import { publicAccessPrevented } from './rules/access.ts';
import { hasUniformAccess, isPublicAccessPrevented } from './rules/bucket-settings.ts';
import {
  assertCachePolicies,
  assertManagedFolderName,
  assertRolesOfFolders,
  managedFolderName,
} from './rules/managed-folder.ts';
import { assertServable, checkedPolicy, heldPermissions, isPublicMember } from './rules/policy.ts';
import { judgePreconditions } from './rules/preconditions.ts';

export interface ManagedFolderAddress {
  readonly bucket: BucketName;
  /** The slash at its end may be left out. */
  readonly name: string;
}

/** Only buckets with uniform access take any. */
export async function insertManagedFolder(
  deps: NamespaceDeps,
  input: {
    readonly address: ManagedFolderAddress;
    readonly cachePolicies: ReadonlyMap<string, RapidCachePolicy>;
  },
): Promise<ManagedFolder> {
  const name = managedFolderName(input.address.name);
  assertManagedFolderName(name);
  return decideAndCommit(deps, async () => {
    const read = await readForBucketChange(deps, { name: input.address.bucket, preconditions: {} });
    const { bucket } = read;
    if (!hasUniformAccess(bucket)) throw withoutUniformAccess(bucket);
    const aliveKey = bucketAliveKey(bucket.id);
    const key = managedFolderKey(bucket.id, name);
    const [alive, taken] = await deps.metadata.get([aliveKey, key]);
    if (alive === undefined) return { kind: 'again' };
    if (taken !== undefined) throw folderTaken(bucket.name, name);
    const nowMs = deps.clock.nowMs();
    const folder: ManagedFolder = {
      ...{ bucket: bucket.name, name, id: randomHex(deps.random, 8), metageneration: 1n },
      ...{ timeCreatedMs: nowMs, updatedMs: nowMs, cachePolicies: input.cachePolicies },
    };
    assertCachePolicies(folder);
    const transaction = {
      // Uniform access stays: a change of the bucket's settings writes its row.
      checks: [read.unchanged, unchanged(aliveKey, alive), { kind: 'absent' as const, key }],
      writes: [{ kind: 'put' as const, key, value: encodeManagedFolder(folder) }],
      appends: [folderEntry(bucket, { op: 'managedFolderInsert', name, timeMs: nowMs })],
    };
    return { kind: 'commit', transaction, result: () => folder };
  });
}

export async function getManagedFolder(
  deps: NamespaceDeps,
  input: { readonly address: ManagedFolderAddress; readonly preconditions: Preconditions },
): Promise<ManagedFolder> {
  const { folder } = await readFolder(deps, deps.metadata, input.address);
  const refusal = judgePreconditions(input.preconditions, folder);
  if (refusal !== undefined) throw refusal;
  return folder;
}

export interface ManagedFolderPage {
  readonly folders: readonly ManagedFolder[];
  /** Set when there is more: the last name of this page. */
  readonly nextAfter?: string;
}

export async function listManagedFolders(
  deps: NamespaceDeps,
  input: {
    readonly bucket: BucketName;
    readonly prefix: string;
    readonly maxResults: number;
    readonly after?: string;
  },
): Promise<ManagedFolderPage> {
  return deps.metadata.snapshot(async (view) => {
    const bucket = await readBucket(view, input.bucket);
    assertKeptHere(deps, bucket);
    const { start, end } = managedFoldersFrom(bucket.id, input.prefix);
    const resumed = input.after === undefined ? start : justAfter(managedFolderKey(bucket.id, input.after));
    const from = Buffer.compare(resumed, start) > 0 ? resumed : start;
    if (Buffer.compare(from, end) >= 0) return { folders: [] };
    const rows = await view.scan({ start: from, end }, { limit: input.maxResults + 1 });
    const folders = rows.slice(0, input.maxResults).map((row) => decode(bucket, row));
    const last = folders.at(-1);
    const hasMore = rows.length > input.maxResults && last !== undefined;
    return { folders, ...(hasMore ? { nextAfter: last.name } : {}) };
  });
}

/** `change` maps the cache policies to the new ones. Pure. */
export async function changeManagedFolder(
  deps: NamespaceDeps,
  input: {
    readonly address: ManagedFolderAddress;
    readonly preconditions: Preconditions;
    readonly change: (current: ManagedFolder) => ManagedFolder['cachePolicies'];
  },
): Promise<ManagedFolder> {
  return decideAndCommit(deps, async () => {
    const { bucket, folder, same } = await readForFolderChange(deps, input);
    const after = { ...nextState(deps, folder), cachePolicies: input.change(folder) };
    assertCachePolicies(after);
    const transaction = {
      checks: [same],
      writes: [{ kind: 'put' as const, key: same.key, value: encodeManagedFolder(after) }],
      appends: [folderEntry(bucket, { op: 'managedFolderPatch', name: folder.name, timeMs: after.updatedMs })],
    };
    return { kind: 'commit', transaction, result: () => after };
  });
}

/** `conflict` when it applies to something, unless that is allowed: what it applied to stays. */
export async function deleteManagedFolder(
  deps: NamespaceDeps,
  input: {
    readonly address: ManagedFolderAddress;
    readonly preconditions: Preconditions;
    readonly allowNonEmpty: boolean;
  },
): Promise<void> {
  await decideAndCommit(deps, async () => {
    const { bucket, folder, same, place } = await readForFolderChange(deps, input);
    const { ranges: held, checks } = input.allowNonEmpty
      ? { ranges: [], checks: [] }
      : await namesUnder(deps.metadata, bucket, folder);
    const found = await Promise.all(held.map((range) => deps.metadata.scan(range, { limit: 1 })));
    if (found.some((rows) => rows.length > 0)) throw folderNotEmpty(folder);
    const { parts } = await readPolicy(deps.metadata, place);
    const transaction = {
      checks: [same, ...checks, ...held.map((range) => ({ kind: 'rangeEmpty' as const, range }))],
      writes: [{ kind: 'delete' as const, key: same.key }, ...policyWrites(place, [], parts)],
      appends: [folderEntry(bucket, { op: 'managedFolderDelete', name: folder.name, timeMs: deps.clock.nowMs() })],
    };
    return { kind: 'commit', transaction, result: () => undefined };
  });
}

/** Where everything is that the folder applies to, as long as the checks hold. */
async function namesUnder(
  metadata: MetadataStore,
  bucket: Bucket,
  { name }: ManagedFolder,
): Promise<{ readonly ranges: readonly KeyRange[]; readonly checks: readonly Check[] }> {
  const { end } = managedFoldersFrom(bucket.id, name);
  const folders = { start: justAfter(managedFolderKey(bucket.id, name)), end };
  if (!hasFolders(bucket)) return { ranges: [namesFrom(bucket.id, name), folders], checks: [] };
  return metadata.snapshot(async (view) => {
    const resolver = new NameResolver(view, bucket);
    const step = (await resolver.folders(name)).at(-1);
    const contents = step?.row === undefined ? [] : contentsOf(bucket, step.folder);
    return { ranges: [...contents, folders], checks: resolver.checks() };
  });
}

export interface ManagedFolderPolicy {
  readonly folder: ManagedFolder;
  readonly policy: Policy;
}

export async function getManagedFolderPolicy(
  deps: NamespaceDeps,
  input: { readonly address: ManagedFolderAddress; readonly requestedVersion?: number },
): Promise<ManagedFolderPolicy> {
  return deps.metadata.snapshot(async (view) => {
    const { folder, place } = await readFolder(deps, view, input.address);
    const { policy } = await readPolicy(view, place);
    assertServable(policy, input.requestedVersion);
    return { folder, policy };
  });
}

/** The policy's version is its folder's metageneration, which a policy moves on. */
export async function setManagedFolderPolicy(
  deps: NamespaceDeps,
  input: {
    readonly address: ManagedFolderAddress;
    readonly policy: GivenPolicy;
    readonly preconditions: Preconditions;
  },
): Promise<ManagedFolderPolicy> {
  return decideAndCommit(deps, async () => {
    const read = await readForBucketChange(deps, { name: input.address.bucket, preconditions: {} });
    const { bucket, folder, same, place } = await readForFolderChange(deps, input);
    const { policy: before, parts } = await readPolicy(deps.metadata, place);
    const policy = checkedPolicy(input.policy, { takesConditions: true, before });
    assertRolesOfFolders(policy);
    if (isPublicAccessPrevented(bucket) && policy.some(({ members }) => members.some(isPublicMember))) {
      throw publicAccessPrevented();
    }
    const after = nextState(deps, folder);
    const transaction = {
      checks: [read.unchanged, same],
      writes: [
        { kind: 'put' as const, key: same.key, value: encodeManagedFolder(after) },
        ...policyWrites(place, policy, parts),
      ],
      appends: [folderEntry(bucket, { op: 'managedFolderPatch', name: folder.name, timeMs: after.updatedMs })],
    };
    return { kind: 'commit', transaction, result: () => ({ folder: after, policy }) };
  });
}

export async function testManagedFolderPermissions(
  deps: NamespaceDeps,
  input: { readonly address: ManagedFolderAddress; readonly permissions: readonly string[] },
): Promise<readonly string[]> {
  await readFolder(deps, deps.metadata, input.address);
  return heldPermissions(input.permissions);
}

interface ReadFolder {
  readonly bucket: Bucket;
  readonly folder: ManagedFolder;
  readonly row: Row;
  readonly place: PolicyPlace;
}

async function readFolder(deps: NamespaceDeps, view: MetadataView, address: ManagedFolderAddress): Promise<ReadFolder> {
  const bucket = await readBucket(view, address.bucket);
  assertKeptHere(deps, bucket);
  const name = managedFolderName(address.name);
  const [row] = await view.get([managedFolderKey(bucket.id, name)]);
  if (row === undefined) {
    const message = `The specified managed folder does not exist: ${bucket.name}/${name.slice(0, 1_024)}`;
    throw new StraitError('notFound', message, { what: 'managed folder' });
  }
  const folder = decode(bucket, row);
  return { bucket, folder, row, place: { bucketId: bucket.id, holder: folder.id } };
}

async function readForFolderChange(
  deps: NamespaceDeps,
  input: { readonly address: ManagedFolderAddress; readonly preconditions: Preconditions },
): Promise<ReadFolder & { readonly same: Check & { readonly key: Uint8Array } }> {
  const read = await readFolder(deps, deps.metadata, input.address);
  const { row } = read;
  assertWritable(deps, read.bucket);
  const refusal = judgePreconditions(input.preconditions, read.folder);
  if (refusal !== undefined) throw refusal;
  return { ...read, same: { kind: 'version', key: row.key, version: row.version } };
}

function decode(bucket: Bucket, row: Row): ManagedFolder {
  return decodeManagedFolder(row.value, { bucket: bucket.name, name: managedFolderNameOf(row.key) });
}

function nextState(deps: NamespaceDeps, folder: ManagedFolder): ManagedFolder {
  const updatedMs = Math.max(deps.clock.nowMs(), folder.updatedMs);
  return { ...folder, metageneration: folder.metageneration + 1n, updatedMs };
}

function withoutUniformAccess({ name }: Bucket): StraitError<'invalidArgument'> {
  const message = `Managed folders need uniform bucket-level access: enable it on gs://${name}.`;
  return new StraitError('invalidArgument', message, { field: 'bucket' });
}

function folderTaken(bucket: BucketName, name: string): StraitError<'alreadyExists'> {
  return new StraitError('alreadyExists', `The managed folder ${bucket}/${name} already exists.`, { bucket });
}

function folderNotEmpty({ bucket, name }: ManagedFolder): StraitError<'conflict'> {
  const message = `The managed folder ${bucket}/${name} is not empty: delete what is under it, or set allowNonEmpty.`;
  return new StraitError('conflict', message, { what: 'managed folder' });
}
