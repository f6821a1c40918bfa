import type { Bucket } from '../../../model/bucket.ts';
import type { NamedObject, ObjectContexts, ObjectState } from '../../../model/object.ts';
import { renderObjectLists } from '../acls/render-access.ts';
import type { Resource } from '../api/body.ts';
import { objectEtag } from '../protocol/etag.ts';
import type { GenerationCodec } from '../protocol/generation-codec.ts';

export interface RenderObjectContext {
  /** `http://host:port` of the request: links must lead back to whoever answered. */
  readonly origin: string;
  readonly generations: GenerationCodec;
  /** The object's bucket, when its access is to be shown. */
  readonly listsOf?: Bucket;
  /** Whether the client has shown the key of an object that is encrypted by one; without it no checksums are told. */
  readonly hasKey?: boolean;
}

/** The object resource, in the order GCS writes it. 64-bit numbers are strings. */
export function renderObject(object: NamedObject, context: RenderObjectContext): Resource {
  const { bucket, name, state } = object;
  const generation = context.generations.toWire(state.generation).toString();
  const path = `/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(name)}`;
  return {
    kind: 'storage#object',
    id: `${bucket}/${name}/${generation}`,
    selfLink: `${context.origin}${path}`,
    mediaLink: `${context.origin}/download${path}?generation=${generation}&alt=media`,
    name,
    bucket,
    generation,
    metageneration: state.metageneration.toString(),
    ...renderText(state),
    storageClass: state.storageClass ?? 'STANDARD',
    size: String(state.size),
    ...renderSums(state, context),
    ...renderEncryption(state),
    etag: etagOf(state, context.generations),
    ...(state.componentCount === undefined ? {} : { componentCount: state.componentCount }),
    ...renderProtection(object),
    timeCreated: renderTime(state.timeCreatedMs),
    updated: renderTime(state.updatedMs),
    timeStorageClassUpdated: renderTime(state.timeStorageClassUpdatedMs),
    ...(state.timeFinalizedMs === undefined ? {} : { timeFinalized: renderTime(state.timeFinalizedMs) }),
    ...renderPast(state),
    ...(state.customTimeMs === undefined ? {} : { customTime: renderTime(state.customTimeMs) }),
    ...(state.metadata === undefined ? {} : { metadata: state.metadata }),
    ...state.opaque,
    ...(state.contexts === undefined ? {} : { contexts: { custom: renderContexts(state.contexts) } }),
    ...(context.listsOf === undefined ? {} : renderObjectLists(context.listsOf, object, context)),
  };
}

/** https://cloud.google.com/storage/docs/encryption/customer-supplied-keys: checksums are told to who has the key. */
function renderSums(state: ObjectState, { hasKey }: RenderObjectContext): Resource {
  const { content, encryption, md5, crc32c } = state;
  // Of bytes that another site keeps under a customer's key, that site alone knows the sums.
  if (encryption?.kind === 'customer' && (hasKey !== true || content.kind === 'remote')) return {};
  return { ...(md5 === undefined ? {} : { md5Hash: renderMd5(md5) }), crc32c: renderCrc32c(crc32c) };
}

function renderEncryption({ encryption }: ObjectState): Resource {
  if (encryption === undefined) return {};
  if (encryption.kind === 'kms') return { kmsKeyName: encryption.keyName };
  return { customerEncryption: { encryptionAlgorithm: 'AES256', keySha256: encryption.keySha256 } };
}

/** As the owner gave it, else derived from the numbers on the wire. */
export function etagOf(state: ObjectState, generations: GenerationCodec): string {
  const { generation, metageneration } = state;
  return state.etag ?? objectEtag({ generation: generations.toWire(generation), metageneration });
}

export function renderTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Base64 of four bytes, big-endian. */
export function renderCrc32c(crc32c: number): string {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(crc32c);
  return bytes.toString('base64');
}

export function renderMd5(md5: Uint8Array): string {
  return Buffer.from(md5.buffer, md5.byteOffset, md5.byteLength).toString('base64');
}

function renderText(state: ObjectState): Resource {
  const { contentType, contentEncoding, contentDisposition, contentLanguage, cacheControl } = state;
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(contentEncoding === undefined ? {} : { contentEncoding }),
    ...(contentDisposition === undefined ? {} : { contentDisposition }),
    ...(contentLanguage === undefined ? {} : { contentLanguage }),
    ...(cacheControl === undefined ? {} : { cacheControl }),
  };
}

/** Of versions that are not live. */
function renderPast(state: ObjectState): Resource {
  const { timeDeletedMs, softDeleteTimeMs, hardDeleteTimeMs, restoreToken } = state;
  return {
    ...(timeDeletedMs === undefined ? {} : { timeDeleted: renderTime(timeDeletedMs) }),
    ...(softDeleteTimeMs === undefined ? {} : { softDeleteTime: renderTime(softDeleteTimeMs) }),
    ...(hardDeleteTimeMs === undefined ? {} : { hardDeleteTime: renderTime(hardDeleteTimeMs) }),
    ...(restoreToken === undefined ? {} : { restoreToken }),
  };
}

function renderContexts(contexts: ObjectContexts): Resource {
  return Object.fromEntries(
    Object.entries(contexts).map(([key, { value, createTimeMs = 0, updateTimeMs = 0, extendedDataTypeUrl }]) => [
      key,
      {
        value,
        createTime: renderTime(createTimeMs),
        updateTime: renderTime(updateTimeMs),
        ...(extendedDataTypeUrl === undefined ? {} : { extendedDataTypeUrl }),
      },
    ]),
  );
}

function renderProtection({ state, retentionExpirationMs: expirationMs }: NamedObject): Resource {
  const { temporaryHold, eventBasedHold, retention } = state;
  return {
    ...(temporaryHold === undefined ? {} : { temporaryHold }),
    ...(eventBasedHold === undefined ? {} : { eventBasedHold }),
    ...(retention === undefined
      ? {}
      : { retention: { mode: retention.mode, retainUntilTime: renderTime(retention.retainUntilMs) } }),
    ...(expirationMs === undefined ? {} : { retentionExpirationTime: renderTime(expirationMs) }),
  };
}
