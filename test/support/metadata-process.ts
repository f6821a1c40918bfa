import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface MetadataProcess {
  readonly child: ChildProcess;
  /** What it says after `ready`, line by line, to the end of its output. */
  lines(): AsyncIterable<string>;
  /** The next line; throws when the process has ended instead. */
  line(): Promise<string>;
  ask(line: string): void;
  /** Kills it, if it still runs, and waits for its end. */
  end(): Promise<void>;
}

export interface ProcessOptions {
  /** A command and its arguments that run the child: a tracer, say. */
  readonly under?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** In this folder; `metadata-child.ts` unless told. */
  readonly script?: string;
}

/** Starts `metadata-child.ts` and resolves when its store is open. */
export async function startMetadataProcess(
  childArgs: readonly string[],
  role: readonly string[],
  { under = [], environment = {}, script = 'metadata-child.ts' }: ProcessOptions = {},
): Promise<MetadataProcess> {
  const childScript = fileURLToPath(new URL(script, import.meta.url));
  const [command = '', ...args] = [...under, process.execPath, childScript, ...childArgs, ...role];
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_NO_WARNINGS: '1', ...environment },
  });
  const ended = once(child, 'close');
  const iterator = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const next = await iterator.next();
    if (next.done) throw new Error(`the child process ended (${child.exitCode ?? child.signalCode})`);
    return next.value;
  };
  const ready = await line();
  if (ready !== 'ready') throw new Error(`the child process said ${ready}`);
  return {
    child,
    line,
    lines: () => ({ [Symbol.asyncIterator]: () => iterator }),
    ask: (text) => void child.stdin.write(`${text}\n`),
    async end() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
