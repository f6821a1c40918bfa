/** Entries of access lists as GCS tells them. */
import type { AccessList, Grant } from '../../../model/access-list.ts';
import type { Bucket } from '../../../model/bucket.ts';
import type { NamedObject } from '../../../model/object.ts';
import { bucketAcl, defaultObjectAcl, objectAcl, ownerOf } from '../../../namespace/rules/access.ts';
import { projectOwners } from '../../../namespace/rules/access-list.ts';
import { hasUniformAccess } from '../../../namespace/rules/bucket-settings.ts';
import { projectNumber } from '../../../namespace/rules/project-number.ts';
import type { Resource } from '../api/body.ts';
import { bucketEtag, objectEtag } from '../protocol/etag.ts';
import type { GenerationCodec } from '../protocol/generation-codec.ts';

export interface EntryContext {
  readonly origin: string;
}

export function renderBucketGrant(bucket: Bucket, grant: Grant, { origin }: EntryContext): Resource {
  const { entity } = grant;
  return {
    kind: 'storage#bucketAccessControl',
    id: `${bucket.name}/${entity}`,
    selfLink: `${origin}/storage/v1/b/${encodeURIComponent(bucket.name)}/acl/${encodeURIComponent(entity)}`,
    bucket: bucket.name,
    ...renderGrant(grant),
    etag: bucketEtag(bucket.metageneration),
  };
}

/** An entry of a default list is of no object yet: it has neither id nor link. */
export function renderDefaultGrant(bucket: Bucket, grant: Grant): Resource {
  return {
    kind: 'storage#objectAccessControl',
    ...renderGrant(grant),
    etag: bucketEtag(bucket.metageneration),
  };
}

export interface ObjectEntryContext extends EntryContext {
  readonly generations: GenerationCodec;
}

export function renderObjectGrant(object: NamedObject, grant: Grant, context: ObjectEntryContext): Resource {
  const { bucket, name, state } = object;
  const { entity } = grant;
  const generation = context.generations.toWire(state.generation);
  const path = `b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(name)}/acl/${encodeURIComponent(entity)}`;
  return {
    kind: 'storage#objectAccessControl',
    id: `${bucket}/${name}/${generation}/${entity}`,
    selfLink: `${context.origin}/storage/v1/${path}`,
    bucket,
    object: name,
    generation: String(generation),
    ...renderGrant(grant),
    etag: objectEtag({ generation, metageneration: state.metageneration }),
  };
}

function renderGrant({ entity, role }: Grant): Resource {
  return { entity, role, ...renderEntity(entity) };
}

/** What the entity's name says. An address that is none is an id. */
function renderEntity(entity: string): Resource {
  const [, kind = '', rest = ''] = /^(user|group|domain)-(.*)$/.exec(entity) ?? [];
  if (kind === 'domain') return { domain: rest };
  if (kind !== '') return rest.includes('@') ? { email: rest } : { entityId: rest };
  const [, team, project = ''] = /^project-(owners|editors|viewers)-(.*)$/.exec(entity) ?? [];
  return team === undefined ? {} : { projectTeam: { projectNumber: projectNumber(project), team } };
}

/** `acl`, `defaultObjectAcl` and `owner` of a bucket: lists are not shown while they mean nothing. */
export function renderBucketLists(bucket: Bucket, context: EntryContext): Resource {
  const entity = projectOwners(bucket.project);
  const owner = { owner: { entity } };
  if (hasUniformAccess(bucket)) return owner;
  return {
    acl: bucketAcl(bucket).map((grant) => renderBucketGrant(bucket, grant, context)),
    defaultObjectAcl: defaultObjectAcl(bucket).map((grant) => renderDefaultGrant(bucket, grant)),
    ...owner,
  };
}

/** `acl` and `owner` of an object in `bucket`. */
export function renderObjectLists(bucket: Bucket, object: NamedObject, context: ObjectEntryContext): Resource {
  const list: AccessList = objectAcl(bucket, object.state);
  return {
    ...(hasUniformAccess(bucket) ? {} : { acl: list.map((grant) => renderObjectGrant(object, grant, context)) }),
    owner: { entity: ownerOf(object.state) },
  };
}
