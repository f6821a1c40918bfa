/**
 * Makes sure a PostgreSQL server can be started here, for the metadata contract: finds one, else installs the
 * distribution's package, then starts a throw-away server as proof. Safe to run again.
 */
import { spawnSync } from 'node:child_process';
import { findPostgres, startPostgres } from '../test/support/postgres.ts';

function install(): void {
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'postgresql']]) {
    const { status, error } = spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) throw new Error(`apt-get ${args.join(' ')} failed: ${error?.message ?? `exit ${status}`}`);
  }
}

if (findPostgres() === undefined) install();
const server = await startPostgres();
await server.stop();
console.log(`PostgreSQL starts from ${findPostgres()}`);
