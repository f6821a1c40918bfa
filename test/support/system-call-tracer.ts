import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Why system calls cannot be traced or held back here; undefined when they can. */
export function tracerMissing(): string | undefined {
  const probe = spawnSync('strace', ['-o', '/dev/null', '-e', 'inject=fdatasync:delay_enter=1', 'true']);
  if (probe.error) return 'strace is not installed';
  return probe.status === 0 ? undefined : `strace cannot trace here: ${probe.stderr.toString().trim()}`;
}

export interface Tracer {
  /** Lets the traced process go on undisturbed. */
  detach(): Promise<void>;
}

/** Attaches to a running process and all its threads, with strace's own words for what to do to its calls. */
export async function traceProcess(pid: number, inject: readonly string[]): Promise<Tracer> {
  const tracer = spawn('strace', ['-f', '-p', `${pid}`, '-o', '/dev/null', ...inject.flatMap((rule) => ['-e', rule])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await attached(tracer);
  return {
    async detach() {
      if (tracer.exitCode !== null || tracer.signalCode !== null) return;
      tracer.kill('SIGINT');
      await once(tracer, 'exit');
    },
  };
}

async function attached(tracer: ChildProcess): Promise<void> {
  if (tracer.stderr === null) throw new Error('the tracer has no standard error');
  for await (const line of createInterface({ input: tracer.stderr })) {
    if (line.includes('attached')) {
      tracer.stderr.resume();
      return;
    }
  }
  throw new Error('the tracer could not attach');
}
