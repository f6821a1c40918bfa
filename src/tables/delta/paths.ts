import type { ObjectName } from '../../model/ids.ts';
import type { TableLocation } from '../port.ts';

/** Turns the paths of log actions into object names, or says why it cannot. */

export type Resolved = { readonly name: ObjectName } | { readonly problem: string };

const ABSOLUTE = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/(?:\/([^/]*)\/)?(.*)$/s;

/**
 * `add.path`, `cdc.path` and the like are URIs: relative to the table's root or absolute, percent-encoded once
 * (Delta protocol, "Add File and Remove File"). An absolute one resolves only below this table's own prefix.
 */
export function resolvePath(location: TableLocation, path: string, folder = ''): Resolved {
  if (path === '') return { problem: 'an action has an empty path' };
  const [, scheme, authority = '', rest = ''] = ABSOLUTE.exec(path) ?? [];
  if (scheme === undefined) {
    if (path.startsWith('/')) return { problem: `path ${path} is absolute but names no bucket` };
    return { name: `${location.prefix}${folder}${percentDecode(path)}` };
  }
  const name = percentDecode(rest);
  if (scheme.toLowerCase() === 'gs' && authority === location.bucket && name.startsWith(location.prefix)) {
    return { name };
  }
  return {
    problem: `path ${path} lies outside gs://${location.bucket}/${location.prefix}: shallow clones are unknown`,
  };
}

/**
 * The file of a deletion vector; undefined for one kept inline. `u`: an optional prefix folder and 20 characters of
 * Z85 that are a UUID (Delta protocol, "Deletion Vectors", derived field absolutePath).
 */
export function resolveDeletionVector(
  location: TableLocation,
  vector: { readonly storageType: string; readonly pathOrInlineDv: string },
): Resolved | undefined {
  const { storageType, pathOrInlineDv } = vector;
  if (storageType === 'i') return undefined;
  if (storageType === 'p') return resolvePath(location, pathOrInlineDv);
  if (storageType !== 'u') return { problem: `deletion vector storage type ${storageType} is unknown` };
  const uuid = uuidFromZ85(pathOrInlineDv.slice(-20));
  if (uuid === undefined) return { problem: `deletion vector ${pathOrInlineDv} holds no UUID` };
  const folder = pathOrInlineDv.length > 20 ? `${pathOrInlineDv.slice(0, -20)}/` : '';
  return { name: `${location.prefix}${folder}deletion_vector_${uuid}.bin` };
}

/**
 * Decodes each run of `%XX` once as UTF-8. A `%` that starts no such code, or a run that is not UTF-8, stays as it
 * is: writers exist that do not encode, and decoding more than was encoded would name another file.
 */
export function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  return text.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}

const Z85 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** Five characters are four bytes, big-endian (ZeroMQ RFC 32). */
export function uuidFromZ85(text: string): string | undefined {
  if (text.length !== 20) return undefined;
  let hex = '';
  for (let start = 0; start < 20; start += 5) {
    let word = 0;
    for (const character of text.slice(start, start + 5)) {
      const digit = Z85.indexOf(character);
      if (digit < 0) return undefined;
      word = word * 85 + digit;
    }
    if (word > 0xffffffff) return undefined;
    hex += word.toString(16).padStart(8, '0');
  }
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
