/** objects.copy, objects.rewrite, objects.move and objects.compose. */
import { generation } from '../../../model/ids.ts';
import type { NamedObject } from '../../../model/object.ts';
import type { Preconditions } from '../../../model/preconditions.ts';
import type { ComposeInput, CopyInput } from '../../../namespace/copy-object.ts';
import type { RewriteProgress } from '../../../namespace/rewrite-object.ts';
import { attributesOf } from '../../../namespace/rules/new-state.ts';
import { withoutProtection } from '../../../namespace/rules/object-retention.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import { newObjectAccess } from '../acls/decode-access.ts';
import { shownLists } from '../acls/shown-lists.ts';
import { invalidParameter } from '../api/bad-input.ts';
import { isObject, type Resource } from '../api/body.ts';
import type { Call } from '../api/call.ts';
import type { GcsJsonContext } from '../api/context.ts';
import { customerKeyOf, encryptionChoice, sourceKeyOf } from '../api/customer-keys.ts';
import { generationOf } from '../api/decode-params.ts';
import { changingPreconditions, sourcePreconditions } from '../api/preconditions.ts';
import { renderJson } from '../protocol/render-json.ts';
import { decodeObject } from './decode-object.ts';
import { renderObject } from './render-object.ts';

const MEBIBYTE = 1024n * 1024n;

export async function copyObject(call: Call<'objects.copy'>): Promise<HttpReply> {
  const object = await call.context.namespace.copyObject(await decodeCopy(call));
  return renderJson(await renderMade(call, object, call.body), call.form);
}

export async function rewriteObject(call: Call<'objects.rewrite'>): Promise<HttpReply> {
  const perCall = call.long('maxBytesRewrittenPerCall');
  if (perCall !== undefined && (perCall === 0n || perCall % MEBIBYTE !== 0n)) {
    throw invalidParameter('maxBytesRewrittenPerCall', 'maxBytesRewrittenPerCall must be a multiple of 1 MiB.');
  }
  const rewriteToken = call.text('rewriteToken');
  const progress = await call.context.namespace.rewriteObject({
    ...(await decodeCopy(call)),
    ...(perCall === undefined ? {} : { bytesPerCallMax: Number(perCall) }),
    ...(rewriteToken === undefined ? {} : { rewriteToken }),
  });
  return renderJson({ kind: 'storage#rewriteResponse', ...(await renderProgress(call, progress)) }, call.form);
}

async function renderProgress(call: Call, progress: RewriteProgress): Promise<Resource> {
  if (progress.kind === 'open') {
    const { bytesRewritten, size, rewriteToken } = progress;
    return { totalBytesRewritten: String(bytesRewritten), objectSize: String(size), done: false, rewriteToken };
  }
  const { object } = progress;
  const size = String(object.state.size);
  const resource = await renderMade(call, object, call.body);
  return { totalBytesRewritten: size, objectSize: size, done: true, resource };
}

export async function moveObject(call: Call<'objects.move'>): Promise<HttpReply> {
  const bucket = call.required('bucket');
  // A malformed key is refused before anything moves.
  customerKeyOf(call.request);
  const object = await call.context.namespace.moveObject({
    source: { bucket, name: call.required('sourceObject') },
    sourcePreconditions: sourcePreconditions(call),
    destination: { bucket, name: call.required('destinationObject') },
    preconditions: changingPreconditions(call),
  });
  return renderJson(await renderMade(call, object, {}), call.form);
}

async function decodeCopy(call: Call<'objects.copy' | 'objects.rewrite'>): Promise<CopyInput> {
  const sourceGeneration = generationOf(call, 'sourceGeneration');
  const source = { bucket: call.required('sourceBucket'), name: call.required('sourceObject') };
  return await withAttributes(call, {
    source: { ...source, ...(sourceGeneration === undefined ? {} : { generation: sourceGeneration }) },
    sourcePreconditions: sourcePreconditions(call),
    destination: { bucket: call.required('destinationBucket'), name: call.required('destinationObject') },
    preconditions: changingPreconditions(call),
    access: newObjectAccess(call, call.body, call.text('destinationPredefinedAcl')),
    dropsContexts: dropsContexts(call),
    ...sourceKeyOf(call.request),
    ...encryptionChoice(call.request, call.text('destinationKmsKeyName') ?? call.body['kmsKeyName']),
  });
}

/** Fields of a body that say nothing of the copy's metadata. */
const NO_METADATA: ReadonlySet<string> = new Set(['acl', 'crc32c', 'md5Hash', 'kmsKeyName']);

/**
 * A body that sets any metadata replaces all of the source's (objects.rewrite page). One that only names a storage
 * class or contexts changes those and keeps the metadata: that is how clients change the class of an object.
 */
async function withAttributes(call: Call, input: CopyInput): Promise<CopyInput> {
  const { name: _name, ...fields } = call.body;
  const given = Object.keys(fields).filter((field) => !NO_METADATA.has(field));
  if (given.length === 0) return input;
  const { attributes } = decodeObject(call.body);
  if (given.some((field) => field !== 'storageClass' && field !== 'contexts')) return { ...input, attributes };
  const source = await call.context.namespace.getObject({
    address: input.source,
    preconditions: input.sourcePreconditions,
  });
  const sourcePin: Preconditions = {
    ...input.sourcePreconditions,
    ifGenerationMatch: source.state.generation,
    ifMetagenerationMatch: source.state.metageneration,
  };
  const { contexts: _contexts, ...kept } = withoutProtection(attributesOf(source.state));
  return { ...input, sourcePreconditions: sourcePin, attributes: { ...kept, ...attributes } };
}

/** Custom contexts are the one group there is. objects.copy has no such parameter, and keeps them. */
function dropsContexts(call: Call<'objects.copy' | 'objects.rewrite' | 'objects.compose'>): boolean {
  const groups = call.list('dropContextGroups');
  const other = groups.find((group) => group !== 'custom');
  if (other === undefined) return groups.length > 0;
  throw invalidParameter('dropContextGroups', `Invalid value for dropContextGroups: ${other.slice(0, 100)}`);
}

/** Access lists are told when the request set them, unless it asks otherwise. */
async function renderMade(call: Call, object: NamedObject, resource: Resource): Promise<Resource> {
  const lists = await shownLists(call, object.bucket, resource['acl'] === undefined ? 'noAcl' : 'full');
  const { generations } = call.context;
  const hasKey = customerKeyOf(call.request).customerKey !== undefined;
  return renderObject(object, { origin: call.request.origin, generations, hasKey, ...lists });
}

export async function composeObject(call: Call<'objects.compose'>): Promise<HttpReply> {
  const { body, context } = call;
  const destination = isObject(body['destination']) ? body['destination'] : {};
  const object = await context.namespace.composeObject({
    destination: { bucket: call.required('destinationBucket'), name: call.required('destinationObject') },
    attributes: decodeObject(destination).attributes,
    preconditions: changingPreconditions(call),
    access: newObjectAccess(call, destination, call.text('destinationPredefinedAcl')),
    sources: decodeSources(body['sourceObjects'], context),
    deleteSources: body['deleteSourceObjects'] === true,
    ...encryptionChoice(call.request, call.text('kmsKeyName') ?? destination['kmsKeyName']),
    dropsContexts: dropsContexts(call),
  });
  return renderJson(await renderMade(call, object, destination), call.form);
}

/** As the schema of the request has it. */
interface ComposeSource {
  readonly name: string;
  readonly generation?: string | null;
  readonly objectPreconditions?: { readonly ifGenerationMatch?: string | null } | null;
}

function decodeSources(given: unknown, context: GcsJsonContext): ComposeInput['sources'] {
  const sources = (given ?? []) as readonly ComposeSource[];
  const { fromWire } = context.generations;
  return sources.map(({ name, generation: wanted, objectPreconditions }) => {
    const match = objectPreconditions?.ifGenerationMatch ?? undefined;
    return {
      name,
      ...(typeof wanted === 'string' ? { generation: generation(fromWire(BigInt(wanted))) } : {}),
      ...(typeof match === 'string' ? { ifGenerationMatch: fromWire(BigInt(match)) } : {}),
    };
  });
}
