/** What requests say of access lists, beside the methods that are about nothing else. */
import type { BucketAccess, NewObjectAccess, PredefinedAcl, WantedList } from '../../../model/access-list.ts';
import { requiredParameter } from '../api/bad-input.ts';
import { isObject, type Resource } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import { principalOf } from '../api/principal.ts';

/** Of an object to be made. `predefined` is the value of the parameter, whose name differs by method. */
export function newObjectAccess(call: Call, resource: Resource, predefined: string | undefined): NewObjectAccess {
  return { principal: principalOf(call), ...wantedList(resource['acl'], predefined, 'acl') };
}

/** `predefined` is one of the document's values: the frame has checked it. */
export function wantedList(given: unknown, predefined: string | undefined, field: string): WantedList {
  return {
    ...(given === undefined ? {} : { list: given === null ? null : decodeEntries(given, field) }),
    ...(predefined === undefined ? {} : { predefined: predefined as PredefinedAcl }),
  };
}

function decodeEntries(given: unknown, field: string): readonly { readonly entity: string; readonly role: string }[] {
  if (!Array.isArray(given)) return [];
  return given.filter(isObject).map(({ entity, role }, index) => {
    if (typeof entity !== 'string') throw requiredParameter(`${field}[${index}].entity`);
    if (typeof role !== 'string') throw requiredParameter(`${field}[${index}].role`);
    return { entity, role };
  });
}

export function bucketAccess(call: Call<'buckets.insert' | 'buckets.patch' | 'buckets.update'>): BucketAccess {
  return {
    acl: wantedList(call.body['acl'], call.text('predefinedAcl'), 'acl'),
    defaultObjectAcl: wantedList(
      call.body['defaultObjectAcl'],
      call.text('predefinedDefaultObjectAcl'),
      'defaultObjectAcl',
    ),
  };
}
