import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError, flagOf, variableOf } from './setting.ts';

/** Read in the working folder when no other file is named. */
const DEFAULT_FILE = 'strait.yaml';

export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

/** The configuration file in force: `--config`, `STRAIT_CONFIG`, else `strait.yaml` when there is one. */
export function readConfigFile(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ConfigFile | undefined {
  const named = namedFile(args) ?? (env[variableOf('config')] || undefined);
  try {
    return { path: named ?? DEFAULT_FILE, text: readFileSync(resolve(named ?? DEFAULT_FILE), 'utf8') };
  } catch (error) {
    if (named === undefined && isMissing(error)) return undefined;
    throw new ConfigError([`cannot read ${named ?? DEFAULT_FILE}: ${error instanceof Error ? error.message : error}`]);
  }
}

function namedFile(args: readonly string[]): string | undefined {
  const flag = flagOf('config');
  const index = args.findIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  const found = args[index];
  return found === flag ? args[index + 1] : found?.slice(flag.length + 1);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** The process's environment: read here and nowhere else, then passed on as a value. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
