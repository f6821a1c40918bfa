/** The source's files as a table format reads them: names from a face of the rows, bytes fetched when first read. */
import type { Bucket } from '../model/bucket.ts';
import { StraitError } from '../model/errors.ts';
import { appliedState, type ObjectFaces } from '../model/faces.ts';
import type { ObjectName } from '../model/ids.ts';
import type { ObjectState } from '../model/object.ts';
import { openObject } from '../namespace/read-object.ts';
import type { FileStat, TableFiles } from '../tables/port.ts';
import type { SyncDeps } from './deps.ts';
import { afterNames, readRows, scanRows } from './faces.ts';
import type { Transfers } from './transfer.ts';

const LIST_BATCH = 500;
const READ_BYTES_MAX = 64 * 1024 * 1024;
const FETCH_ATTEMPTS_MAX = 5;

/** `applied`: what the cloud has, for reading its log. `published`: what readers see, for what must not be retired. */
export function tableFiles(
  deps: SyncDeps,
  transfers: Transfers,
  view: { readonly bucket: Bucket; readonly face: 'applied' | 'published' },
): TableFiles {
  const { bucket } = view;
  const pick = (faces: ObjectFaces | undefined): ObjectState | undefined =>
    faces === undefined ? undefined : view.face === 'applied' ? appliedState(faces) : faces.published;

  const local = async (name: ObjectName): Promise<ObjectState> => {
    for (let attempt = 0; attempt < FETCH_ATTEMPTS_MAX; attempt += 1) {
      const [read] = await readRows(deps.metadata, bucket.id, [name]);
      const state = pick(read?.faces);
      if (state === undefined) break;
      if (state.content.kind === 'local') return state;
      await transfers.fetch(bucket, name, state.generation);
    }
    throw new StraitError('objectNotFound', `gs://${bucket.name}/${name} is not here`, {
      bucket: bucket.name,
      object: name,
    });
  };

  const bytes = async (name: ObjectName, state: ObjectState, range: { start: number; end: number }) => {
    const chunks: Uint8Array[] = [];
    const object = { bucket: bucket.name, name, state };
    const signal = new AbortController().signal;
    for await (const chunk of openObject(deps, { object, range, signal })) chunks.push(chunk);
    return Buffer.concat(chunks);
  };

  return {
    async stat(name) {
      const [read] = await readRows(deps.metadata, bucket.id, [name]);
      const state = pick(read?.faces);
      return state === undefined ? undefined : statOf(name, state);
    },

    list: (prefix, startAfter) => listFaces(deps, { bucket, pick }, { prefix, startAfter }),

    listPublished: (prefix) =>
      listFaces(deps, { bucket, pick: (faces) => faces?.published }, { prefix, startAfter: undefined }),

    async read(name) {
      const state = await local(name);
      if (state.size > READ_BYTES_MAX) {
        throw new StraitError('unsupported', `gs://${bucket.name}/${name} is too large for a control file`, {
          feature: 'control file over 64 MiB',
        });
      }
      return bytes(name, state, { start: 0, end: state.size });
    },

    async readRange(name, start, end) {
      const state = await local(name);
      return bytes(name, state, { start, end: Math.min(end, state.size) });
    },
  };
}

function statOf(name: ObjectName, state: ObjectState): FileStat {
  return { name, generation: state.generation, size: state.size, updatedMs: state.updatedMs };
}

async function* listFaces(
  deps: SyncDeps,
  view: { readonly bucket: Bucket; readonly pick: (faces: ObjectFaces | undefined) => ObjectState | undefined },
  range: { readonly prefix: ObjectName; readonly startAfter: ObjectName | undefined },
): AsyncGenerator<FileStat> {
  const end = afterNames(range.prefix);
  const isInside = range.startAfter?.startsWith(range.prefix) === true;
  let start = isInside ? `${range.startAfter}\0` : range.prefix;
  for (;;) {
    const bounds = { start, ...(end === undefined ? {} : { end }), limit: LIST_BATCH };
    const rows = await scanRows(deps.metadata, view.bucket.id, bounds);
    for (const { place, faces } of rows) {
      const state = view.pick(faces);
      if (state !== undefined) yield statOf(place.leaf, state);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < LIST_BATCH) return;
    start = `${last.place.leaf}\0`;
  }
}
