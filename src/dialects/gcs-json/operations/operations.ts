/** The methods of long-running operations. */
import type { HttpReply } from '../../shared/http-message.ts';
import type { Call } from '../api/call.ts';
import { decodePageToken, encodePageToken } from '../protocol/page-token.ts';
import { NO_CONTENT, renderJson } from '../protocol/render-json.ts';
import { renderOperation } from './render-operation.ts';

const PAGE_OPERATIONS_MAX = 100;

export async function getOperation(call: Call<'operations.get'>): Promise<HttpReply> {
  const operation = await call.context.namespace.getOperation(addressOf(call));
  return renderJson(renderOperation(operation, call.request.origin), call.form);
}

export async function listOperations(call: Call<'operations.list'>): Promise<HttpReply> {
  const filter = call.text('filter');
  const pageToken = call.text('pageToken');
  const { operations, nextAfter } = await call.context.namespace.listOperations({
    bucket: call.required('bucket'),
    maxResults: Math.min(call.integer('pageSize') || PAGE_OPERATIONS_MAX, PAGE_OPERATIONS_MAX),
    ...(filter === undefined ? {} : { filter }),
    ...(pageToken === undefined ? {} : { after: decodePageToken(pageToken).name }),
  });
  const shown = operations.map((operation) => renderOperation(operation, call.request.origin));
  const page = {
    kind: 'storage#operations',
    ...(nextAfter === undefined ? {} : { nextPageToken: encodePageToken({ kind: 'item', name: nextAfter }) }),
    ...(shown.length === 0 ? {} : { operations: shown }),
  };
  return renderJson(page, call.form);
}

export async function cancelOperation(call: Call<'operations.cancel'>): Promise<HttpReply> {
  await call.context.namespace.cancelOperation(addressOf(call));
  return NO_CONTENT;
}

export async function advanceRelocateBucket(call: Call<'operations.advanceRelocateBucket'>): Promise<HttpReply> {
  const { ttl, expireTime } = call.body;
  await call.context.namespace.advanceRelocateBucket({
    address: addressOf(call),
    ...(typeof ttl === 'string' ? { ttl } : {}),
    ...(typeof expireTime === 'string' ? { expireTime } : {}),
  });
  return NO_CONTENT;
}

function addressOf(call: Call<'operations.get' | 'operations.cancel' | 'operations.advanceRelocateBucket'>) {
  return { bucket: call.required('bucket'), id: call.required('operationId') };
}
