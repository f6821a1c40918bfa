import type { AsyncBuffer } from 'hyparquet';
import type { TableFiles } from '../port.ts';

/** A file of known size as the random-access buffer Parquet readers want. Reads nothing by itself. */
export function tableFileBuffer(
  files: TableFiles,
  file: { readonly name: string; readonly size: number },
): AsyncBuffer {
  return {
    byteLength: file.size,
    async slice(start, end = file.size) {
      const bytes = await files.readRange(file.name, start, Math.min(end, file.size));
      const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
      if (whole && bytes.buffer instanceof ArrayBuffer) return bytes.buffer;
      return new Uint8Array(bytes).buffer;
    },
  };
}
