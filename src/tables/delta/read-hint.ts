import { isStraitError } from '../../model/errors.ts';
import type { Hint } from './cursor.ts';
import { checkpointVersion, hintName, parseLogName } from './log-names.ts';
import type { LogContext } from './read-commit.ts';

const HINT_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Reads `_last_checkpoint` (Delta protocol, "Last Checkpoint File Schema"). `known` is the generation already taken.
 * A hint that does not parse helps nobody and is never shown: `warn` hears of it.
 */
export async function readHint(
  { location, files }: LogContext,
  known: string | undefined,
  warn: (message: string) => void,
): Promise<Hint | undefined> {
  const name = hintName(location.prefix);
  const file = await files.stat(name);
  if (file === undefined || String(file.generation) === known) return undefined;
  const said = file.size > HINT_BYTES_MAX ? undefined : await readJson(() => files.read(name));
  if (said === undefined || !Number.isSafeInteger(said.version) || said.version < 0) {
    warn(`${name}: does not parse; it stays as it was`);
    return undefined;
  }
  const { version, parts } = said;
  const uuidNamed = said.v2Checkpoint?.path === undefined ? undefined : parseLogName(leafOf(said.v2Checkpoint.path));
  return {
    name,
    generation: String(file.generation),
    version,
    names(id) {
      if (checkpointVersion(id) !== version) return false;
      if (uuidNamed !== undefined) return uuidNamed.kind === 'checkpoint' && uuidNamed.id === id;
      if (typeof parts === 'number') return id === `${version}.m${parts}`;
      return !/\.m\d+$/.test(id);
    },
  };
}

interface HintFile {
  readonly version: number;
  readonly parts?: number | null;
  readonly v2Checkpoint?: { readonly path?: string } | null;
}

async function readJson(read: () => Promise<Uint8Array>): Promise<HintFile | undefined> {
  try {
    const value: unknown = JSON.parse(Buffer.from(await read()).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as HintFile) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || isStraitError(error, 'objectNotFound')) return undefined;
    throw error;
  }
}

function leafOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
