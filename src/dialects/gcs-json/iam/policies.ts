/** getIamPolicy, setIamPolicy and testIamPermissions of buckets and objects. */
import type { NamedObject } from '../../../model/object.ts';
import type { GivenPolicy, Policy } from '../../../model/policy.ts';
import type { Preconditions } from '../../../model/preconditions.ts';
import type { ObjectAddress } from '../../../namespace/read-object.ts';
import { versionOf } from '../../../namespace/rules/policy.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import type { Resource } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import { generationOf } from '../api/decode-params.ts';
import { etagPreconditions } from '../api/preconditions.ts';
import { etagOf } from '../objects/render-object.ts';
import { bucketEtag } from '../protocol/etag.ts';
import { renderJson } from '../protocol/render-json.ts';

export async function getBucketPolicy(call: Call<'buckets.getIamPolicy'>): Promise<HttpReply> {
  const requestedVersion = call.integer('optionsRequestedPolicyVersion');
  const { bucket, policy } = await call.context.namespace.getBucketPolicy({
    bucket: call.required('bucket'),
    ...(requestedVersion === undefined ? {} : { requestedVersion }),
  });
  const etag = bucketEtag(bucket.metageneration);
  return renderJson(renderPolicy(policy, `projects/_/buckets/${bucket.name}`, etag), call.form);
}

export async function setBucketPolicy(call: Call<'buckets.setIamPolicy'>): Promise<HttpReply> {
  const { bucket, policy } = await call.context.namespace.setBucketPolicy({
    bucket: call.required('bucket'),
    policy: decodePolicy(call.body),
    preconditions: bodyPreconditions(call, 'bucket'),
  });
  const etag = bucketEtag(bucket.metageneration);
  return renderJson(renderPolicy(policy, `projects/_/buckets/${bucket.name}`, etag), call.form);
}

export async function testBucketPermissions(call: Call<'buckets.testIamPermissions'>): Promise<HttpReply> {
  const held = await call.context.namespace.testBucketPermissions({
    bucket: call.required('bucket'),
    permissions: call.list('permissions'),
  });
  return renderJson(renderPermissions(held), call.form);
}

export async function getObjectPolicy(call: Call<'objects.getIamPolicy'>): Promise<HttpReply> {
  const { object, policy } = await call.context.namespace.getObjectPolicy(addressOf(call));
  return renderObjectPolicy(call, object, policy);
}

export async function setObjectPolicy(call: Call<'objects.setIamPolicy'>): Promise<HttpReply> {
  const { object, policy } = await call.context.namespace.setObjectPolicy({
    address: addressOf(call),
    policy: decodePolicy(call.body),
    preconditions: bodyPreconditions(call, 'object'),
  });
  return renderObjectPolicy(call, object, policy);
}

export async function testObjectPermissions(call: Call<'objects.testIamPermissions'>): Promise<HttpReply> {
  const held = await call.context.namespace.testObjectPermissions({
    address: addressOf(call),
    permissions: call.list('permissions'),
  });
  return renderJson(renderPermissions(held), call.form);
}

function addressOf(
  call: Call<'objects.getIamPolicy' | 'objects.setIamPolicy' | 'objects.testIamPermissions'>,
): ObjectAddress {
  const generation = generationOf(call, 'generation');
  const address = { bucket: call.required('bucket'), name: call.required('object') };
  return { ...address, ...(generation === undefined ? {} : { generation }) };
}

/** The schema of the request has checked it, but that a field may be null. */
export function decodePolicy({ version, bindings }: Resource): GivenPolicy {
  const given = (bindings ?? []) as GivenPolicy['bindings'];
  return {
    ...(typeof version === 'number' ? { version } : {}),
    bindings: given.map(({ role, members, condition }) => ({
      role: role ?? '',
      members: members ?? [],
      ...(condition === undefined || condition === null ? {} : { condition: withoutNull(condition) }),
    })),
  };
}

function withoutNull<Fields extends object>(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as Fields;
}

/** A policy that was read and is sent back has the etag of what was read. Without one it replaces whatever is there. */
export function bodyPreconditions(call: Call, of: 'bucket' | 'object'): Preconditions {
  const { etag } = call.body;
  return typeof etag === 'string' && etag !== '' ? etagPreconditions(etag, of, call.context.generations) : {};
}

export function renderPolicy(policy: Policy, resourceId: string, etag: string): Resource {
  return { kind: 'storage#policy', resourceId, version: versionOf(policy), bindings: policy, etag };
}

function renderObjectPolicy(call: Call, object: NamedObject, policy: Policy): HttpReply {
  const { generations } = call.context;
  const { bucket, name, state } = object;
  const resourceId = `projects/_/buckets/${bucket}/objects/${name}#${generations.toWire(state.generation)}`;
  return renderJson(renderPolicy(policy, resourceId, etagOf(state, generations)), call.form);
}

export function renderPermissions(held: readonly string[]): Resource {
  return { kind: 'storage#testIamPermissionsResponse', ...(held.length === 0 ? {} : { permissions: held }) };
}
