import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type Bucket, type GetFilesOptions, Storage } from '@google-cloud/storage';
import { OAuth2Client } from 'google-auth-library';
import { httpCall } from '../../support/http-call.ts';

export const MIB = 1024 * 1024;
/** Delays between retries, as a share of what the client waits in earnest. */
const RETRY_DELAY_MULTIPLIER = 0.01;

type InterceptedOptions = ReturnType<Extract<Storage['interceptors'][number]['request'], (...args: never) => unknown>>;

/** How a program can point the client at us. */
export const WAYS = {
  'by apiEndpoint': (url: string) => new Storage({ apiEndpoint: url, projectId: 'test' }),
  /** The JSON base is then the bare host: `/b/…` without `/storage/v1`. */
  'by STORAGE_EMULATOR_HOST': (url: string) => {
    process.env['STORAGE_EMULATOR_HOST'] = url;
    try {
      return new Storage({ projectId: 'test' });
    } finally {
      delete process.env['STORAGE_EMULATOR_HOST'];
    }
  },
} as const;

/** What one feature plays in: a bucket of its own. */
export class Scene {
  readonly storage: Storage;
  readonly bucket: Bucket;
  readonly #url: string;

  constructor(url: string, storage: Storage, bucket: string) {
    this.#url = url;
    this.storage = storage;
    this.bucket = storage.bucket(bucket);
  }

  async put(name: string, content: string | Buffer = 'x'): Promise<number> {
    const file = this.bucket.file(name);
    await file.save(content, { resumable: false });
    return Number(file.metadata.generation);
  }

  async read(name: string): Promise<string> {
    return String((await this.bucket.file(name).download())[0]);
  }

  /** Names of the prefixes come last. */
  async list(query: GetFilesOptions = {}): Promise<readonly string[]> {
    const [files, , page] = await this.bucket.getFiles({ ...query, autoPaginate: false });
    const { prefixes = [] } = (page ?? {}) as { readonly prefixes?: readonly string[] };
    return [...files.map((file) => file.name), ...prefixes];
  }

  /** A bucket seen through a client whose calls fail as the instructions say; `assertDone` when they all did. */
  async faults(instructions: Record<string, readonly string[]>) {
    const { json } = await httpCall(this.#url, 'POST', '/retry_test', { body: { instructions } });
    const authClient = new OAuth2Client();
    authClient.setCredentials({ access_token: 'anyone', expiry_date: Date.now() + 3_600_000 });
    const storage = new Storage({
      apiEndpoint: this.#url,
      projectId: 'test',
      authClient,
      useAuthWithCustomEndpoint: true,
      retryOptions: { retryDelayMultiplier: RETRY_DELAY_MULTIPLIER },
    });
    storage.interceptors.push({
      request: (options) => {
        options.headers = { ...options.headers, 'x-retry-test-id': json.id };
        return options as InterceptedOptions;
      },
    });
    const assertDone = async () => {
      const { text } = await httpCall(this.#url, 'GET', `/retry_test/${json.id}`);
      assert.equal(JSON.parse(text).completed, true, `calls that should have failed: ${text}`);
    };
    return { bucket: storage.bucket(this.bucket.name), assertDone };
  }
}

export const noise = (size: number): Buffer => randomBytes(size);

export function assertSame(found: Uint8Array, wanted: Uint8Array, what = ''): void {
  assert.ok(
    Buffer.from(found).equals(wanted),
    `${what} ${found.length} bytes that are not the ${wanted.length} wanted`,
  );
}

export async function drain(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
