/** Spark with the Hadoop connector to GCS at its defaults, against a gateway, told what to do call by call. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { SparkLine } from './engine-tools.ts';
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts';

const SCRIPT = resolve(import.meta.dirname, '../engines/python/session.py');
/** What is shown of Spark's own log when a call fails. */
const LOG_SHOWN = 4_000;

export type SparkValue = string | number | boolean | null;
export type SparkRow = readonly SparkValue[];

export interface SparkWrite {
  readonly query: string;
  readonly path: string;
  readonly format: string;
  readonly mode: 'errorifexists' | 'append' | 'overwrite';
  readonly partitionBy?: readonly string[];
  readonly options?: Readonly<Record<string, string>>;
}

export interface SparkOptions {
  /** Of the gateway. */
  readonly url: string;
  readonly conf?: Readonly<Record<string, string>>;
}

/** Only what points the connector here, and that it need not sign in: the rest is as it comes. */
export function connectorSettings(url: string): Readonly<Record<string, string>> {
  return {
    'fs.gs.impl': 'com.google.cloud.hadoop.fs.gcs.GoogleHadoopFileSystem',
    'fs.AbstractFileSystem.gs.impl': 'com.google.cloud.hadoop.fs.gcs.GoogleHadoopFS',
    'fs.gs.project.id': 'test',
    'fs.gs.storage.root.url': `${url}/`,
    'fs.gs.auth.type': 'UNAUTHENTICATED',
  };
}

function sparkSettings({ jars }: SparkLine, { url, conf }: SparkOptions, scratch: string): Record<string, string> {
  const hadoop = Object.entries(connectorSettings(url)).map(([key, value]) => [`spark.hadoop.${key}`, value]);
  return {
    'spark.driver.extraClassPath': join(jars.folder, '*'),
    'spark.driver.memory': '2g',
    'spark.ui.enabled': 'false',
    'spark.ui.showConsoleProgress': 'false',
    'spark.sql.shuffle.partitions': '2',
    'spark.sql.warehouse.dir': join(scratch, 'warehouse'),
    'spark.local.dir': scratch,
    ...Object.fromEntries(hadoop),
    ...conf,
  };
}

export class SparkSession {
  readonly #child: ChildProcess;
  readonly #scratch: TemporaryFolder;
  readonly #answers: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;
  /** The process Spark runs in: the one started here only tells it what to do. */
  #jvm = 0;
  #log = '';

  private constructor(child: ChildProcess, scratch: TemporaryFolder) {
    this.#child = child;
    this.#scratch = scratch;
    this.#exited = once(child, 'close');
    this.#answers = createInterface({ input: child.stdio[3] as Readable })[Symbol.asyncIterator]();
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-LOG_SHOWN);
      });
    }
    // A session that was killed has no ears: what it is told then fails by the answer that does not come.
    child.stdin?.on('error', () => undefined);
  }

  static async start(line: SparkLine, options: SparkOptions): Promise<SparkSession> {
    const scratch = await temporaryFolder('spark');
    const asked = { master: 'local[2,3]', conf: sparkSettings(line, options, scratch.path) };
    const child = spawn(line.python.python, [SCRIPT, JSON.stringify(asked)], {
      cwd: scratch.path,
      env: {
        ...process.env,
        PYTHONDONTWRITEBYTECODE: '1',
        PYSPARK_PYTHON: line.python.python,
        SPARK_LOCAL_IP: '127.0.0.1',
      },
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    });
    const session = new SparkSession(child, scratch);
    session.#jvm = Number(await session.#call({ call: 'jvm' }));
    return session;
  }

  async sql(query: string): Promise<readonly SparkRow[]> {
    return (await this.#call({ call: 'sql', query })) as readonly SparkRow[];
  }

  async number(query: string): Promise<number> {
    return Number((await this.sql(query))[0]?.[0]);
  }

  async write({ partitionBy = [], ...rest }: SparkWrite): Promise<void> {
    await this.#call({ call: 'write', ...rest, partition_by: partitionBy });
  }

  /** How many tasks failed because the SQL function `fails_once` told them to. */
  async failures(): Promise<number> {
    return Number(await this.#call({ call: 'failures' }));
  }

  /** Ends Spark itself as `kill -9` does: nothing is aborted, nothing cleaned up. */
  kill(): void {
    process.kill(this.#jvm, 'SIGKILL');
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    await this.#exited;
    await this.#scratch[Symbol.asyncDispose]();
  }

  async #call(call: Readonly<Record<string, unknown>>): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(call)}\n`);
    const { value: line, done } = await this.#answers.next();
    if (done) throw new Error(`Spark ended\n${this.#log}`);
    const { answer, error }: { readonly answer?: unknown; readonly error?: string } = JSON.parse(line);
    if (error !== undefined) throw new Error(`${error.slice(0, LOG_SHOWN)}\n${this.#log}`);
    return answer;
  }
}
