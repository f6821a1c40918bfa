import { type IncomingHttpHeaders, request } from 'node:http';

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects are sent as JSON, iterables in chunks. */
  readonly body?: Uint8Array | string | Readonly<Record<string, unknown>> | AsyncIterable<Uint8Array>;
}

export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as JSON; throws when it is none. Fields that are not there are undefined, whatever the type says. */
  readonly json: GcsJson;
}

/** What tests look at in answers of the JSON API: objects, buckets, pages, rewrites and errors in one. */
export interface GcsContext {
  readonly value: string;
  readonly createTime: string;
  readonly updateTime: string;
}

export interface GcsJson {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly bucket: string;
  readonly generation: string;
  readonly metageneration: string;
  readonly size: string;
  readonly etag: string;
  readonly crc32c: string;
  readonly md5Hash: string;
  readonly componentCount: number;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly contentLanguage: string;
  readonly contentDisposition: string;
  readonly cacheControl: string;
  readonly customTime: string;
  readonly storageClass: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly acl: readonly GcsJson[];
  readonly defaultObjectAcl: readonly GcsJson[];
  readonly owner: unknown;
  readonly entity: string;
  readonly role: string;
  readonly version: number;
  readonly bindings: readonly unknown[];
  readonly resourceId: string;
  readonly permissions: readonly string[];
  readonly accessId: string;
  readonly state: string;
  readonly secret: string;
  readonly selfLink: string;
  readonly mediaLink: string;
  readonly timeCreated: string;
  readonly updated: string;
  readonly timeStorageClassUpdated: string;
  readonly timeDeleted: string;
  readonly temporaryHold: boolean;
  readonly eventBasedHold: boolean;
  readonly retention: unknown;
  readonly retentionExpirationTime: string;
  readonly createTime: string;
  readonly updateTime: string;
  readonly rapidCacheConfig: unknown;
  readonly softDeleteTime: string;
  readonly hardDeleteTime: string;
  readonly contexts: { readonly custom: Readonly<Record<string, GcsContext>> };
  readonly location: string;
  readonly locationType: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly versioning: unknown;
  readonly autoclass: unknown;
  readonly objectRetention: unknown;
  readonly lifecycle: unknown;
  readonly iamConfiguration: Readonly<Record<string, unknown>>;
  readonly hierarchicalNamespace: unknown;
  readonly items: readonly GcsJson[];
  readonly prefixes: readonly string[];
  readonly nextPageToken: string;
  readonly resource: GcsJson;
  readonly done: boolean;
  readonly totalBytesRewritten: string;
  readonly objectSize: string;
  readonly rewriteToken: string;
  readonly kmsKeyName: string;
  readonly customerEncryption: { readonly encryptionAlgorithm: string; readonly keySha256: string };
  readonly encryption: unknown;
  readonly error: {
    readonly code: number;
    readonly message: string;
    readonly errors: readonly {
      readonly message: string;
      readonly domain: string;
      readonly reason: string;
      readonly location?: string;
      readonly locationType?: string;
    }[];
  };
}

/** One HTTP call with the target exactly as given: nothing is encoded, decoded or normalised, nothing redirected. */
export async function httpCall(base: string, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const { body } = options;
  const isJson = typeof body === 'object' && !(body instanceof Uint8Array) && !(Symbol.asyncIterator in body);
  const headers = { ...(isJson ? { 'Content-Type': 'application/json' } : {}), ...options.headers };
  const plain = isJson ? JSON.stringify(body) : body;
  return await new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({
          status: incoming.statusCode ?? 0,
          statusText: incoming.statusMessage ?? '',
          headers: incoming.headers,
          bytes,
          get text() {
            return bytes.toString();
          },
          get json() {
            return JSON.parse(bytes.toString());
          },
        });
      });
    });
    outgoing.on('error', reject);
    if (plain === undefined) outgoing.end();
    else if (typeof plain === 'string' || plain instanceof Uint8Array) outgoing.end(plain);
    else {
      sendChunks(outgoing, plain as AsyncIterable<Uint8Array>).catch((error: Error) => {
        outgoing.destroy(error);
        reject(error);
      });
    }
  });
}

async function sendChunks(outgoing: ReturnType<typeof request>, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) {
    if (!outgoing.write(chunk)) await new Promise((resolve) => outgoing.once('drain', resolve));
  }
  outgoing.end();
}
