/** Stands between a site and its cloud and answers badly now and then, as networks, caches and loaded services do. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom } from '../../src/runtime/random.ts';

const STATUSES = ['404', '429', '500', '503'] as const;
export const FAULTS = [...STATUSES, 'reset', 'stall', 'truncate', 'corrupt'] as const;
export type Fault = (typeof FAULTS)[number];

const STALL_MS = 1_500;

export class FaultProxy {
  /** How often each was done. */
  readonly done = new Map<Fault, number>();
  readonly #target: URL;
  readonly #random;
  readonly #server = createServer((incoming, response) => this.#answer(incoming, response));
  #share: number;

  private constructor(target: string, settings: { readonly share: number; readonly seed: number }) {
    this.#target = new URL(target);
    this.#share = settings.share;
    this.#random = seededRandom(settings.seed);
  }

  /** Of all requests `share` (0 to 1) go wrong, each kind as often as the others. */
  static async start(target: string, settings: { readonly share: number; readonly seed: number }): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, settings);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on everything passes. */
  calm(): void {
    this.#share = 0;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #draw(incoming: IncomingMessage): Fault | undefined {
    if (this.#number() >= this.#share) return undefined;
    const fault = FAULTS[Math.floor(this.#number() * FAULTS.length)];
    // Nothing guards JSON but TLS: only media has a checksum that shows a changed byte.
    if (fault === 'corrupt' && !(incoming.url ?? '').includes('alt=media')) return undefined;
    return fault;
  }

  #number(): number {
    return Buffer.from(this.#random.bytes(4)).readUInt32BE(0) / 2 ** 32;
  }

  #answer(incoming: IncomingMessage, response: ServerResponse): void {
    const fault = this.#draw(incoming);
    if (fault !== undefined) this.done.set(fault, (this.done.get(fault) ?? 0) + 1);
    const status = STATUSES.find((one) => one === fault);
    if (status !== undefined) refuse(response, Number(status));
    else if (fault === 'reset') incoming.socket.destroy();
    else if (fault === 'stall') setTimeout(() => incoming.socket.destroy(), STALL_MS);
    else this.#forward(incoming, response, fault);
  }

  #forward(incoming: IncomingMessage, response: ServerResponse, fault: Fault | undefined): void {
    const { hostname, port } = this.#target;
    const { method, url: path, headers } = incoming;
    const outgoing = request({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => response.destroy());
      if (fault === undefined) answer.pipe(response);
      else void spoil(answer, response, fault);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  }
}

function refuse(response: ServerResponse, code: number): void {
  response.writeHead(code, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ error: { code, message: 'injected', errors: [{ reason: 'backendError' }] } }));
}

async function spoil(answer: IncomingMessage, response: ServerResponse, fault: Fault): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const middle = Math.floor(body.length / 2);
  if (fault === 'corrupt') {
    body[middle] = (body[middle] ?? 0) ^ 0x40;
    response.end(body);
  } else {
    response.write(body.subarray(0, middle), () => response.destroy());
  }
}
