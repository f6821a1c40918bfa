import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileMap } from '../formats/memory-source.ts';

/** Reads a folder of files into memory, by relative name with `/`. For samples and demo data: a few megabytes. */
export async function readFolder(path: string): Promise<FileMap> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = new Map<string, Uint8Array>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const full = join(entry.parentPath, entry.name);
    files.set(full.slice(path.length).replace(/^\/+/, ''), await readFile(full));
  }
  return files;
}
