import { MissingFileError, type TableSource } from './source.ts';

/** Files in memory by relative name. Holds whole tables: for samples and demo data, not for lakes. */
export type FileMap = ReadonlyMap<string, Uint8Array>;

export function memorySource(files: FileMap): TableSource {
  return {
    async list(prefix) {
      return [...files.keys()].filter((name) => name.startsWith(prefix));
    },
    async read(name) {
      const bytes = files.get(name);
      if (bytes === undefined) throw new MissingFileError(name);
      return bytes;
    },
  };
}
