import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import type { ChannelPolicy } from '../../model/channel.ts';
import { StraitError } from '../../model/errors.ts';
import { literalOf, mayConnect } from '../../namespace/rules/channel-address.ts';
import type { HookAnswer, HookMessage, WebHooks } from '../port.ts';

export interface WebHookSettings {
  readonly policy: ChannelPolicy;
  readonly timeoutMs: number;
}

/** What is read of an answer nobody looks at, so that its connection can be used again. */
const ANSWER_BYTES_MAX = 64 * 1024;

/**
 * Calls applications over HTTP. An address is judged again when it is connected to: a name may stand for something
 * else by then.
 */
export class WebHookCaller implements WebHooks {
  readonly #settings: WebHookSettings;
  readonly #agent: Agent;

  /** As many connections as calls: many applications share a host, and a slow one must not hold up the others. */
  constructor(settings: WebHookSettings) {
    this.#settings = settings;
    this.#agent = new Agent({ connect: connectorFor(settings) });
  }

  async call(address: URL, message: HookMessage, signal: AbortSignal): Promise<HookAnswer> {
    const response = await this.#post(address, message, signal);
    const { statusCode: status } = response;
    await response.body.dump({ limit: ANSWER_BYTES_MAX, signal }).catch(() => {});
    if (status < 300) return { kind: 'taken' };
    if (status < 500 && status !== 408 && status !== 429) return { kind: 'refused', status };
    throw new StraitError('unavailable', `${address.host} answered ${status}`, {});
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #post(address: URL, { headers, body }: HookMessage, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { policy, timeoutMs } = this.#settings;
    const literal = literalOf(address.hostname);
    try {
      if (literal !== undefined && !mayConnect(literal, address, policy)) throw forbidden(literal);
      return await this.#agent.request({
        origin: address.origin,
        path: `${address.pathname}${address.search}`,
        method: 'POST',
        headers,
        body,
        signal,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      });
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      throw new StraitError('unavailable', `${address.host} cannot be reached: ${reason}`, {}, { cause: error });
    }
  }
}

/** Connects to those addresses of a host alone that may be connected to. */
function connectorFor({ policy, timeoutMs }: WebHookSettings): buildConnector.connector {
  return (options, callback) => {
    // Unlike `hostname` it has the brackets of an IPv6 address.
    const url = new URL(`${options.protocol}//${options.host ?? options.hostname}`);
    const connect = buildConnector({
      timeout: timeoutMs,
      lookup: (host, wanted, found) => lookUp(host, wanted, { mayUse: (ip) => mayConnect(ip, url, policy), found }),
    });
    connect(options, callback);
  };
}

type Found = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

function lookUp(
  host: string,
  options: LookupOptions,
  { mayUse, found }: { readonly mayUse: (ip: string) => boolean; readonly found: Found },
): void {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return found(error, []);
    const open = addresses.filter(({ address }) => mayUse(address));
    const [first] = open;
    if (first === undefined) return found(forbidden(addresses[0]?.address ?? 'nothing'), []);
    if (options.all === true) return found(null, open);
    found(null, first.address, first.family);
  });
}

function forbidden(ip: string): Error {
  return new Error(`a channel must not call ${ip}`);
}
