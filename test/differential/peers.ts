/** The other implementations: what they are called, where they can be had, and how one is started. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { FAKE_GCS, STORAGE_TESTBENCH } from '../support/client-tools.ts';
import { freePort } from '../support/free-port.ts';
import type { PeerName } from './known-difference.ts';

export interface Peer {
  readonly url: string;
  stop(): Promise<void>;
}

interface Launch {
  /** What must be there. */
  readonly file: string;
  command(port: number): readonly [string, readonly string[]];
}

const LAUNCHES: Readonly<Record<PeerName, Launch>> = {
  'fake-gcs-server': {
    file: FAKE_GCS,
    command: (port) => {
      const place = ['-scheme', 'http', '-host', '127.0.0.1', '-port', `${port}`];
      return [FAKE_GCS, ['-backend', 'memory', '-log-level', 'error', '-public-host', `127.0.0.1:${port}`, ...place]];
    },
  },
  'storage-testbench': {
    file: STORAGE_TESTBENCH.ready,
    command: (port) => {
      const gunicorn = ['-m', 'gunicorn', `--bind=127.0.0.1:${port}`, '--worker-class=gthread', '--threads=2'];
      return [STORAGE_TESTBENCH.python, [...gunicorn, '--log-level=error', 'testbench:run()']];
    },
  },
};

/** Why there is nothing to compare with; false when there is. */
export function whyNoPeer(name: PeerName): string | false {
  return existsSync(LAUNCHES[name].file) ? false : `no ${name} here: npm run setup:servers installs it`;
}

export async function startPeer(name: PeerName): Promise<Peer> {
  const port = await freePort();
  const [program, args] = LAUNCHES[name].command(port);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  await untilAnswering(`${url}/storage/v1/b?project=p`, child);
  return {
    url,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function untilAnswering(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`the peer ended with ${child.exitCode}`);
    const answered = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error('the peer does not answer');
}
