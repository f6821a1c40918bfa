import { spawnSync } from 'node:child_process';

/** Runs one step of a setup in the foreground. False, with the reason printed, when it cannot run or fails. */
export function runSetup(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): boolean {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
  if (error !== undefined) console.error(`${program}: ${error.message}`);
  return status === 0;
}
