/** A PostgreSQL server of the test's own: made, started on a free port, and gone with the test. */
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

export interface PostgresServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** The folder of `initdb` and `pg_ctl`: on the path, or where packages put them (the newest). */
export function findPostgres(): string | undefined {
  const onPath = (process.env['PATH'] ?? '').split(delimiter);
  const packaged = globSync(['/usr/lib/postgresql/*/bin', '/usr/pgsql-*/bin', '/opt/homebrew/opt/postgresql*/bin']);
  const byVersion = packaged.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  return [...onPath, ...byVersion].find((folder) =>
    ['initdb', 'pg_ctl'].every((name) => existsSync(join(folder, name))),
  );
}

/** Why a server cannot be had; undefined when one can be tried. */
export function postgresMissing(): string | undefined {
  if (findPostgres() === undefined) return 'no PostgreSQL server is installed: npm run setup:servers';
  if (process.getuid?.() === 0 && unprivilegedUser() === undefined) return 'PostgreSQL refuses to run as root';
  return undefined;
}

/** PostgreSQL does not run as root: there, someone else runs it. */
function unprivilegedUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  return found && { uid: Number(found[2]), gid: Number(found[3]) };
}

export async function startPostgres(): Promise<PostgresServer> {
  const binaries = findPostgres();
  if (binaries === undefined) throw new Error('no PostgreSQL server is installed');
  const user = unprivilegedUser();
  const base = mkdtempSync(join(tmpdir(), 'strait-pg-'));
  const data = join(base, 'data');
  mkdirSync(data);
  if (user) for (const folder of [base, data]) chownSync(folder, user.uid, user.gid);
  const run = (name: string, ...args: string[]) => {
    const options = { cwd: dirname(data), stdio: ['ignore', 'ignore', 'pipe'] as const, ...user };
    const { status, stderr, error } = spawnSync(join(binaries, name), args, { ...options, stdio: [...options.stdio] });
    if (status !== 0) throw new Error(`${name} failed: ${error?.message ?? stderr}`);
  };
  run('initdb', '-D', data, '-U', 'strait', '--auth=trust', '-E', 'UTF8', '--locale=C.UTF-8');
  const port = await freePort();
  const options = `-p ${port} -k ${base} -c listen_addresses=127.0.0.1 -c max_connections=200`;
  run('pg_ctl', '-D', data, '-w', '-l', join(base, 'log'), '-o', options, 'start');
  return {
    url: `postgres://strait@127.0.0.1:${port}/postgres`,
    async stop() {
      try {
        run('pg_ctl', '-D', data, '-w', '-m', 'immediate', 'stop');
      } finally {
        rmSync(base, { recursive: true, force: true });
      }
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
