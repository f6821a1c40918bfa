import type { ObjectName } from '../../model/ids.ts';
import type { TableLocation } from '../port.ts';

/**
 * Turns a path written in Iceberg metadata into an object name of the table's bucket, or undefined when it does not
 * resolve. A path resolves when it is `gs://<bucket>/<prefix>/…`, or when an alias stands for that prefix; the longest
 * match wins. Nothing else is tried: no scheme is guessed, nothing is decoded or normalised.
 */
export type PathResolver = (path: string) => ObjectName | undefined;

export function pathResolver(location: TableLocation): PathResolver {
  const roots = [`gs://${location.bucket}/${location.prefix}`, ...(location.pathAliases ?? []).map(asFolder)];
  roots.sort((a, b) => b.length - a.length);
  return (path) => {
    const root = roots.find((each) => path.startsWith(each) && path.length > each.length);
    return root === undefined ? undefined : location.prefix + path.slice(root.length);
  };
}

/** An alias matches whole path segments: `data/t` stands for `data/t/x` and not for `data/t2/x`. */
function asFolder(alias: string): string {
  return alias.endsWith('/') ? alias : `${alias}/`;
}
