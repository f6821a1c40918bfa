/** Object change notification: channels that call an application. */
import type { Channel, ChannelSettings } from '../../../model/channel.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import { invalidField, requiredParameter } from '../api/bad-input.ts';
import type { Resource } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import { NO_CONTENT, renderJson } from '../protocol/render-json.ts';

export async function watchObjects(call: Call<'objects.watchAll'>): Promise<HttpReply> {
  const bucket = call.required('bucket');
  const resourceUri = `${call.request.origin}/storage/v1/b/${encodeURIComponent(bucket)}/o?alt=json`;
  const input = { bucket, settings: decodeSettings(call.body), resourceUri };
  return renderJson(renderChannel(await call.context.namespace.watchObjects(input)), call.form);
}

export async function stopChannel(call: Call<'channels.stop'>): Promise<HttpReply> {
  const { body } = call;
  await call.context.namespace.stopChannel({
    id: requiredText(body, 'id'),
    resourceId: requiredText(body, 'resourceId'),
  });
  return NO_CONTENT;
}

function decodeSettings(body: Resource): ChannelSettings {
  const type = requiredText(body, 'type');
  if (type !== 'web_hook') throw invalidField('type', `Unknown type of channel "${type.slice(0, 100)}": web_hook.`);
  const { token, expiration, payload } = body;
  return {
    id: requiredText(body, 'id'),
    address: requiredText(body, 'address'),
    ...(typeof token === 'string' ? { token } : {}),
    ...(typeof expiration === 'string' ? { expirationMs: Number(expiration) } : {}),
    ...(typeof payload === 'boolean' ? { payload } : {}),
    params: { ...Object(body['params']) },
  };
}

function requiredText(body: Resource, name: string): string {
  const value = body[name];
  if (typeof value !== 'string' || value === '') throw requiredParameter(name);
  return value;
}

function renderChannel(channel: Channel): Resource {
  const { id, resourceId, resourceUri, token, expirationMs, payload, address, params } = channel;
  return {
    kind: 'api#channel',
    id,
    resourceId,
    resourceUri,
    ...(token === undefined ? {} : { token }),
    ...(expirationMs === undefined ? {} : { expiration: String(expirationMs) }),
    type: 'web_hook',
    address,
    ...(payload === undefined ? {} : { payload }),
    ...(Object.keys(params).length === 0 ? {} : { params }),
  };
}
