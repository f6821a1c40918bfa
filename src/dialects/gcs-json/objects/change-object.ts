/** objects.patch, objects.update and objects.delete. */
import type { AttributeChange } from '../../../namespace/change-object.ts';
import type { ObjectAddress } from '../../../namespace/read-object.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import { wantedList } from '../acls/decode-access.ts';
import { shownLists } from '../acls/shown-lists.ts';
import type { Call } from '../api/call.ts';
import { generationOf } from '../api/decode-params.ts';
import { changingPreconditions } from '../api/preconditions.ts';
import { NO_CONTENT, renderJson } from '../protocol/render-json.ts';
import { patchedAttributes, replacedAttributes } from './decode-object.ts';
import { renderObject } from './render-object.ts';

export function patchObject(call: Call<'objects.patch'>): Promise<HttpReply> {
  return changeObject(call, patchedAttributes(call.body), false);
}

export function updateObject(call: Call<'objects.update'>): Promise<HttpReply> {
  return changeObject(call, replacedAttributes(call.body), true);
}

async function changeObject(
  call: Call<'objects.patch' | 'objects.update'>,
  change: AttributeChange,
  isUpdate: boolean,
): Promise<HttpReply> {
  const { namespace, generations } = call.context;
  const preconditions = changingPreconditions(call);
  const access = { ...wantedList(call.body['acl'], call.text('predefinedAcl'), 'acl'), isUpdate };
  const overridesUnlockedRetention = call.flag('overrideUnlockedRetention') === true;
  const asked = { change, access, overridesUnlockedRetention };
  const object = await namespace.changeObject({ address: addressOf(call), preconditions, ...asked });
  const lists = await shownLists(call, object.bucket, 'full');
  return renderJson(renderObject(object, { origin: call.request.origin, generations, ...lists }), call.form);
}

export async function deleteObject(call: Call<'objects.delete'>): Promise<HttpReply> {
  await call.context.namespace.deleteObject({ address: addressOf(call), preconditions: changingPreconditions(call) });
  return NO_CONTENT;
}

/** The object a path names, and the generation a parameter may. */
export function addressOf(call: Call<'objects.get' | 'objects.patch' | 'objects.delete'>): ObjectAddress {
  const generation = generationOf(call, 'generation');
  const address = { bucket: call.required('bucket'), name: call.required('object') };
  return { ...address, ...(generation === undefined ? {} : { generation }) };
}
