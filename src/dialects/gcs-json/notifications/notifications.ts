/** The methods of notification configurations. */
import type { NotificationConfig, NotificationSettings } from '../../../model/notification.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import { requiredParameter } from '../api/bad-input.ts';
import type { Resource } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import { NO_CONTENT, renderJson } from '../protocol/render-json.ts';

export async function insertNotification(call: Call<'notifications.insert'>): Promise<HttpReply> {
  const { namespace } = call.context;
  const settings = decodeSettings(call.body);
  return show(call, await namespace.insertNotification({ bucket: call.required('bucket'), settings }));
}

export async function getNotification(call: Call<'notifications.get'>): Promise<HttpReply> {
  const address = { bucket: call.required('bucket'), id: call.required('notification') };
  return show(call, await call.context.namespace.getNotification(address));
}

export async function listNotifications(call: Call<'notifications.list'>): Promise<HttpReply> {
  const configs = await call.context.namespace.listNotifications({ bucket: call.required('bucket') });
  const { origin } = call.request;
  const items = configs.map((config) => renderNotification(config, origin));
  return renderJson({ kind: 'storage#notifications', ...(items.length === 0 ? {} : { items }) }, call.form);
}

export async function deleteNotification(call: Call<'notifications.delete'>): Promise<HttpReply> {
  const address = { bucket: call.required('bucket'), id: call.required('notification') };
  await call.context.namespace.deleteNotification(address);
  return NO_CONTENT;
}

function decodeSettings(body: Resource): NotificationSettings {
  const { topic, payload_format: payloadFormat, event_types: eventTypes, object_name_prefix: prefix } = body;
  if (typeof topic !== 'string' || topic === '') throw requiredParameter('topic');
  if (typeof payloadFormat !== 'string' || payloadFormat === '') throw requiredParameter('payload_format');
  return {
    topic,
    payloadFormat: payloadFormat as NotificationSettings['payloadFormat'],
    eventTypes: Array.isArray(eventTypes) ? eventTypes : [],
    ...(typeof prefix === 'string' && prefix !== '' ? { objectNamePrefix: prefix } : {}),
    customAttributes: { ...Object(body['custom_attributes']) },
  };
}

function show(call: Call<'notifications.insert'> | Call<'notifications.get'>, config: NotificationConfig): HttpReply {
  return renderJson(renderNotification(config, call.request.origin), call.form);
}

function renderNotification(config: NotificationConfig, origin: string): Resource {
  const { bucket, id, topic, eventTypes, objectNamePrefix, payloadFormat, customAttributes } = config;
  return {
    kind: 'storage#notification',
    id: String(id),
    selfLink: `${origin}/storage/v1/b/${encodeURIComponent(bucket)}/notificationConfigs/${id}`,
    topic: `//pubsub.googleapis.com/${topic}`,
    // A configuration never changes.
    etag: String(id),
    payload_format: payloadFormat,
    ...(eventTypes.length === 0 ? {} : { event_types: eventTypes }),
    ...(objectNamePrefix === undefined ? {} : { object_name_prefix: objectNamePrefix }),
    ...(Object.keys(customAttributes).length === 0 ? {} : { custom_attributes: customAttributes }),
  };
}
