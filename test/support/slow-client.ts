/** Clients that take or send a little, now and then: each keeps its connection and what the server holds for it. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';

export interface SlowClientSettings {
  readonly url: string;
  readonly head: string;
  /** What follows the head, piece by piece. */
  readonly body?: Uint8Array;
  /** Bytes a turn, taken or sent. */
  readonly stepBytes: number;
  readonly turnMs: number;
}

export class SlowClient {
  readonly #socket: Socket;
  readonly #settings: SlowClientSettings;
  readonly #timer: NodeJS.Timeout;
  #sent = 0;
  #answered = 0;
  #failure: Error | undefined;

  private constructor(socket: Socket, settings: SlowClientSettings) {
    this.#socket = socket;
    this.#settings = settings;
    socket.on('error', (error) => {
      this.#failure = error;
    });
    socket.pause();
    socket.write(settings.head);
    this.#timer = setInterval(() => this.#turn(), settings.turnMs);
  }

  static async connect(settings: SlowClientSettings): Promise<SlowClient> {
    const { hostname, port } = new URL(settings.url);
    const socket = connect({ host: hostname, port: Number(port) });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
    return new SlowClient(socket, settings);
  }

  /** Bytes of the answer so far. */
  get answered(): number {
    return this.#answered;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Throws when the connection broke. */
  check(): void {
    assert.equal(this.#failure, undefined);
    assert.equal(this.#socket.destroyed, false, 'the server closed the connection');
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.destroy();
  }

  #turn(): void {
    const { body, stepBytes } = this.#settings;
    if (body !== undefined && this.#sent < body.length) {
      this.#socket.write(body.subarray(this.#sent, this.#sent + stepBytes));
      this.#sent += stepBytes;
    }
    this.#answered += (this.#socket.read(stepBytes) as Buffer | null)?.length ?? 0;
  }
}
