/** The slices of the configuration that each service receives. The compiler checks that they fit. */
import { createHash } from 'node:crypto';
import type { GcsJsonServerSettings } from '../dialects/gcs-json/server.ts';
import { HTTP_SERVER_DEFAULTS } from '../dialects/shared/http-server.ts';
import type { ChannelPolicy } from '../model/channel.ts';
import type { NamespaceSettings } from '../namespace/deps.ts';
import { isLoopback } from '../runtime/config/loopback.ts';
import type { CloudConfig, ServeConfig } from '../runtime/config/serve-config.ts';
import type { SyncSettings } from '../sync/deps.ts';

/** What stores and sync get to close, after the gateway has drained. */
export const CLOSE_MS = 5_000;
/** What an application behind a channel gets to answer. */
export const HOOK_TIMEOUT_MS = 20_000;
/** What a topic gets to answer. */
export const PUBLISH_TIMEOUT_MS = 30_000;

export function namespaceSettings(config: ServeConfig): NamespaceSettings {
  const { site, inlineBytesMax, uploadTtlMs, reapGraceMs, cloud } = config;
  const channels = channelPolicy(config);
  return { site, inlineBytesMax, uploadTtlMs, reapGraceMs, followsCloud: cloud !== undefined, channels };
}

/** Whoever reaches a site that listens on loopback is on this machine already. */
export function channelPolicy({ listen, channelHost }: ServeConfig): ChannelPolicy {
  return { loopback: isLoopback(listen.host), hosts: channelHost };
}

export function gatewaySettings(config: ServeConfig): GcsJsonServerSettings {
  const http = {
    ...HTTP_SERVER_DEFAULTS,
    ...config.listen,
    headTimeoutMs: config.requestTimeoutMs,
    stallTimeoutMs: config.idleTimeoutMs,
    drainTimeoutMs: config.drainMs,
    connectionsMax: config.connectionsMax,
  };
  if (config.asGcs === undefined) return { http };
  // Derived from the name, so that the generations on the wire stay the same over restarts.
  const generationKey = createHash('sha256').update(`as-gcs/${config.site}`).digest();
  return { http, manners: { profile: config.asGcs, generationKey } };
}

export function syncSettings(config: ServeConfig & { readonly cloud: CloudConfig }): SyncSettings {
  const { bucket, policies, tables, hotAll, cloud, transferPartBytes, transferBufferBytes, ...rest } = config;
  const isHot = hotAll || isLoopback(cloud.url.hostname);
  return {
    ...rest,
    buckets: bucket,
    policies: { rules: policies ?? [], fallback: isHot ? 'keep' : 'pass-through' },
    pathAliases: (tables ?? []).map(({ pathAliases, ...place }) => ({ ...place, aliases: pathAliases })),
    transferPartBytes,
    transferConcurrency: transferConcurrency(
      { partBytes: transferPartBytes, bufferBytes: transferBufferBytes },
      config.transferConcurrency,
    ),
    readThroughWholeBytesMax: transferPartBytes,
    capacityBytes: config.capacityBytes ?? 0,
  };
}

/** How many objects come at a time, so that a part of each fits the buffer. */
export function transferConcurrency(
  { partBytes, bufferBytes }: { readonly partBytes: number; readonly bufferBytes: number },
  wanted: number,
): number {
  return Math.max(1, Math.min(wanted, Math.floor(bufferBytes / partBytes)));
}
