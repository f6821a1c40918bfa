/** Names of a hierarchical bucket in the order of their UTF-8 bytes: depth first, one place a level. */
import type { Bucket } from '../../model/bucket.ts';
import type { Folder } from '../../model/folder.ts';
import { type FolderId, ROOT_FOLDER } from '../../model/ids.ts';
import type { KeyRange, MetadataView, Row } from '../../stores/metadata/port.ts';
import type { ListedName, NameSource } from '../listed-names.ts';
import { decodeFolder } from '../rows/folder-row.ts';
import { justAfter, leafBytesOf, rowsIn } from '../rows/keys.ts';
import { decodeObjectRow } from '../rows/object-row.ts';

interface Walk {
  readonly view: MetadataView;
  readonly bucket: Bucket;
  readonly start: Uint8Array;
  readonly rowsPerScan: number;
  readonly hasObjects: boolean;
}

/** Objects, and folders as names that readers do not see. */
export function treeNames(view: MetadataView, bucket: Bucket): NameSource {
  return sourceOf(view, bucket, true);
}

/** Folders alone: objects cost nothing. */
export function folderNames(view: MetadataView, bucket: Bucket): NameSource {
  return sourceOf(view, bucket, false);
}

function sourceOf(view: MetadataView, bucket: Bucket, hasObjects: boolean): NameSource {
  return {
    async scan({ start, end }, limit) {
      const names: ListedName[] = [];
      const root = { id: ROOT_FOLDER, path: Buffer.alloc(0) };
      for await (const name of walk({ view, bucket, start, rowsPerScan: limit, hasObjects }, root)) {
        if (end !== undefined && Buffer.compare(name.bytes, end) >= 0) break;
        if (names.push(name) === limit) break;
      }
      return names;
    },
  };
}

interface Level {
  readonly id: FolderId;
  readonly path: Buffer;
  /** Absent: the bucket itself. */
  readonly folder?: Folder;
}

/** Names of a folder and all below it, its own first. */
async function* walk(on: Walk, { id, path, folder }: Level): AsyncGenerator<ListedName> {
  const from = startWithin(on.start, path);
  if (from === undefined) return;
  const place = { bucketId: on.bucket.id, folderId: id };
  const objects = on.hasObjects ? rowsOf(on, rowsIn('object', place, from)) : none();
  const folders = rowsOf(on, rowsIn('folder', place, firstLevel(from)));
  let [object, below] = [await nextOf(objects), await nextOf(folders)];
  if (folder !== undefined && from.length === 0) {
    const own = object !== undefined && leafBytesOf('object', object.key).length === 0 ? object : undefined;
    yield { bytes: path, name: folder.name, state: own && decodeObjectRow(own.value).published, folder };
    if (own !== undefined) object = await nextOf(objects);
  }
  while (object !== undefined || below !== undefined) {
    if (object !== undefined && (below === undefined || isBefore(object, below))) {
      const bytes = Buffer.concat([path, leafBytesOf('object', object.key)]);
      yield { bytes, name: bytes.toString(), state: decodeObjectRow(object.value).published };
      object = await nextOf(objects);
    } else if (below !== undefined) {
      const bytes = Buffer.concat([path, leafBytesOf('folder', below.key)]);
      const named = { bucket: on.bucket.name, name: bytes.toString() };
      const found = decodeFolder(below.value, named);
      yield* walk(on, { id: found.id, path: bytes, folder: found });
      below = await nextOf(folders);
    }
  }
}

/** Leaves end with a slash in one and have none in the other: they are never the same. */
function isBefore(object: Row, folder: Row): boolean {
  return Buffer.compare(leafBytesOf('object', object.key), leafBytesOf('folder', folder.key)) < 0;
}

/** What is left of `start` below `path`: empty when all there comes after it, undefined when all comes before. */
function startWithin(start: Uint8Array, path: Buffer): Uint8Array | undefined {
  if (Buffer.compare(path, start) >= 0) return new Uint8Array();
  const isWithin = Buffer.compare(path, start.subarray(0, path.length)) === 0;
  return isWithin ? start.subarray(path.length) : undefined;
}

/** The first folder that may hold what `from` or later names. */
function firstLevel(from: Uint8Array): Uint8Array {
  const slash = from.indexOf(0x2f);
  return slash < 0 ? from : from.subarray(0, slash + 1);
}

async function* rowsOf({ view, rowsPerScan }: Walk, { start, end }: KeyRange): AsyncGenerator<Row> {
  for (let from = start; ; ) {
    const rows = await view.scan({ start: from, end }, { limit: rowsPerScan });
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < rowsPerScan) return;
    from = justAfter(last.key);
  }
}

async function* none(): AsyncGenerator<Row> {}

async function nextOf(rows: AsyncGenerator<Row>): Promise<Row | undefined> {
  const { done, value } = await rows.next();
  return done === true ? undefined : value;
}
