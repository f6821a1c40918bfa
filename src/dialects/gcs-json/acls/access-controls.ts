/** The methods of bucketAccessControls, defaultObjectAccessControls and objectAccessControls. */
import type { Grant } from '../../../model/access-list.ts';
import type { BucketList, BucketListName, ObjectList } from '../../../namespace/access-lists.ts';
import { type GrantChange, grantOf } from '../../../namespace/rules/access-list.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import { invalidField, requiredParameter } from '../api/bad-input.ts';
import type { Resource } from '../api/body.ts';
import type { Call, Handler } from '../api/call.ts';
import { generationOf } from '../api/decode-params.ts';
import { bucketPreconditions } from '../api/preconditions.ts';
import { NO_CONTENT, renderJson } from '../protocol/render-json.ts';
import { renderBucketGrant, renderDefaultGrant, renderObjectGrant } from './render-access.ts';

/** What a family of methods reads and changes. */
interface Family {
  readonly read: (call: Call) => Promise<readonly Entry[]>;
  readonly change: (call: Call, change: GrantChange) => Promise<readonly Entry[]>;
  readonly kind: string;
}

interface Entry {
  readonly grant: Grant;
  readonly resource: Resource;
}

type Verb = 'delete' | 'get' | 'insert' | 'list' | 'patch' | 'update';
function methodsOf(family: Family): Readonly<Record<Verb, Handler>> {
  const get = (entries: readonly Entry[], entity: string): Resource => {
    const { entity: found } = grantOf(
      entries.map(({ grant }) => grant),
      entity,
    );
    return entries.find(({ grant }) => grant.entity === found)?.resource ?? {};
  };
  const change = async (call: AclCall, wanted: GrantChange): Promise<HttpReply> =>
    renderJson(get(await family.change(call, wanted), wanted.entity), call.form);
  return {
    list: async (call) => {
      const items = (await family.read(call)).map(({ resource }) => resource);
      return renderJson({ kind: family.kind, ...(items.length === 0 ? {} : { items }) }, call.form);
    },
    get: async (call: AclCall) => renderJson(get(await family.read(call), call.required('entity')), call.form),
    insert: (call) => change(call, { kind: 'insert', ...required(call, 'entity'), ...required(call, 'role') }),
    patch: (call) => change(call, { kind: 'change', entity: entityOf(call), ...roleOf(call) }),
    // Google's client for Go adds entries so (storage/http_client.go, UpdateBucketACL).
    update: (call) => change(call, { kind: 'replace', entity: entityOf(call), ...required(call, 'role') }),
    delete: async (call: AclCall) => {
      await family.change(call, { kind: 'remove', entity: call.required('entity') });
      return NO_CONTENT;
    },
  };
}

type AclCall = Call<'bucketAccessControls.get'>;

/** The document demands it of inserts, and so do we of updates. */
function required<Name extends 'entity' | 'role'>(call: Call, name: Name): { readonly [Key in Name]: string } {
  const value = call.body[name];
  if (typeof value !== 'string' || value === '') throw requiredParameter(name);
  return { [name]: value } as { readonly [Key in Name]: string };
}

function roleOf({ body }: Call): { readonly role?: string } {
  return typeof body['role'] === 'string' ? { role: body['role'] } : {};
}

/** The path names the entry; a body may say the same. */
function entityOf(call: AclCall): string {
  const entity = call.required('entity');
  const said = call.body['entity'];
  if (typeof said === 'string' && said.toLowerCase() !== entity.toLowerCase()) {
    throw invalidField('entity', `The entity of the body, '${said.slice(0, 100)}', is not that of the path.`);
  }
  return entity;
}

function bucketFamily(list: BucketListName, kind: string): Family {
  const address = (call: AclCall) => ({ bucket: call.required('bucket'), list });
  const entries = ({ request }: Call, { bucket, list: grants }: BucketList) =>
    grants.map((grant) => ({
      grant,
      resource:
        list === 'acl'
          ? renderBucketGrant(bucket, grant, { origin: request.origin })
          : renderDefaultGrant(bucket, grant),
    }));
  return {
    kind,
    read: async (call) => {
      const preconditions = bucketPreconditions(call, 'read');
      return entries(call, await call.context.namespace.getBucketList({ address: address(call), preconditions }));
    },
    change: async (call, change) =>
      entries(call, await call.context.namespace.changeBucketList({ address: address(call), change })),
  };
}

const objectFamily: Family = {
  kind: 'storage#objectAccessControls',
  read: async (call) => objectEntries(call, await call.context.namespace.getObjectList(objectAddress(call))),
  change: async (call, change) =>
    objectEntries(call, await call.context.namespace.changeObjectList({ address: objectAddress(call), change })),
};

function objectAddress(call: Call<'objectAccessControls.get'>) {
  const generation = generationOf(call, 'generation');
  const address = { bucket: call.required('bucket'), name: call.required('object') };
  return { ...address, ...(generation === undefined ? {} : { generation }) };
}

function objectEntries({ request, context }: Call, { object, list }: ObjectList): readonly Entry[] {
  const { generations } = context;
  return list.map((grant) => ({
    grant,
    resource: renderObjectGrant(object, grant, { origin: request.origin, generations }),
  }));
}

export const bucketControls = methodsOf(bucketFamily('acl', 'storage#bucketAccessControls'));
export const defaultObjectControls = methodsOf(bucketFamily('defaultObjectAcl', 'storage#objectAccessControls'));
export const objectControls = methodsOf(objectFamily);
