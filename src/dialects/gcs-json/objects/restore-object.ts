/** objects.restore and objects.bulkRestore. */
import type { BulkRestoreRequest } from '../../../namespace/bulk-restore-objects.ts';
import type { SoftDeletedAddress } from '../../../namespace/soft-deleted.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import { shownLists } from '../acls/shown-lists.ts';
import { requiredParameter } from '../api/bad-input.ts';
import type { Call } from '../api/call.ts';
import { generationOf } from '../api/decode-params.ts';
import { changingPreconditions } from '../api/preconditions.ts';
import { renderOperation } from '../operations/render-operation.ts';
import { renderJson } from '../protocol/render-json.ts';
import { renderObject } from './render-object.ts';

export async function restoreObject(call: Call<'objects.restore'>): Promise<HttpReply> {
  const { namespace, generations } = call.context;
  const object = await namespace.restoreObject({
    address: softDeletedAddressOf(call),
    preconditions: changingPreconditions(call),
    copySourceAcl: call.flag('copySourceAcl'),
  });
  const lists = await shownLists(call, object.bucket, 'full');
  return renderJson(renderObject(object, { origin: call.request.origin, generations, ...lists }), call.form);
}

/** objects.bulkRestore: an operation, which has begun. */
export async function bulkRestoreObjects(call: Call<'objects.bulkRestore'>): Promise<HttpReply> {
  const { body, context } = call;
  const times = {
    softDeletedAfterMs: timeOf(body['softDeletedAfterTime']),
    softDeletedBeforeMs: timeOf(body['softDeletedBeforeTime']),
    createdAfterMs: timeOf(body['createdAfterTime']),
    createdBeforeMs: timeOf(body['createdBeforeTime']),
  };
  const request: BulkRestoreRequest = {
    matchGlobs: (body['matchGlobs'] ?? []) as readonly string[],
    allowOverwrite: body['allowOverwrite'] === true,
    copySourceAcl: body['copySourceAcl'] === true,
    ...(Object.fromEntries(Object.entries(times).filter(([, ms]) => ms !== undefined)) as Partial<BulkRestoreRequest>),
  };
  const operation = await context.namespace.bulkRestoreObjects({ bucket: call.required('bucket'), request });
  return renderJson(renderOperation(operation, call.request.origin), call.form);
}

function timeOf(field: unknown): number | undefined {
  return typeof field === 'string' ? Date.parse(field) : undefined;
}

/** A soft-deleted version has no name of its own: its generation must be given. */
export function softDeletedAddressOf(call: Call<'objects.get' | 'objects.restore'>): SoftDeletedAddress {
  const generation = generationOf(call, 'generation');
  if (generation === undefined) throw requiredParameter('generation');
  const restoreToken = call.text('restoreToken');
  return {
    bucket: call.required('bucket'),
    name: call.required('object'),
    generation,
    ...(restoreToken === undefined ? {} : { restoreToken }),
  };
}
