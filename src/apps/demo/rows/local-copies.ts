import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SiteHttp } from '../check/site-http.ts';

/** Where the row counter finds a table's files on this machine's disk. */
export interface LocalCopies {
  path(name: string): Promise<string>;
  bytes(name: string): Promise<Uint8Array>;
}

/** Downloads each file once through the site's GCS API into `folder`, under a number: names may hold globs. */
export function siteCopies(
  site: SiteHttp,
  table: { readonly bucket: string; readonly prefix: string },
  folder: string,
): LocalCopies {
  const copies = new Map<string, Promise<string>>();
  const fetchOne = async (name: string, path: string): Promise<string> => {
    await mkdir(folder, { recursive: true });
    const { bytes = new Uint8Array() } = await site.download(table.bucket, `${table.prefix}${name}`, true);
    await writeFile(path, bytes);
    return path;
  };
  const path = (name: string): Promise<string> => {
    const known = copies.get(name);
    if (known !== undefined) return known;
    const copy = fetchOne(name, join(folder, `${copies.size}.parquet`));
    copies.set(name, copy);
    copy.catch(() => copies.delete(name));
    return copy;
  };
  return { path, bytes: async (name) => await readFile(await path(name)) };
}
