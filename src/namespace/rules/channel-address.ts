/**
 * Which addresses channels may call (docs/protocols/channels.md, "Whom a channel may call"). A client names the
 * address and the site calls it, so that a client must not reach through the site what it cannot reach itself. Pure.
 */
import type { ChannelPolicy } from '../../model/channel.ts';
import { StraitError } from '../../model/errors.ts';

const ADDRESS_LENGTH_MAX = 2_048;

/** The address as a URL; an `invalidArgument` when no channel may have it, whatever its name stands for. */
export function callableUrl(address: string, policy: ChannelPolicy): URL {
  const url = URL.canParse(address) && address.length <= ADDRESS_LENGTH_MAX ? new URL(address) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw invalid(`Invalid address "${address.slice(0, 100)}": expected an https URL.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('The address must hold no credentials; use the token of the channel.');
  }
  if (isListed(url, policy)) return url;
  if (url.protocol === 'http:' && !(policy.loopback && isLoopbackName(url.hostname))) {
    const message = `WebHook callback must be HTTPS: ${address}`;
    throw new StraitError('invalidArgument', message, { field: 'address', reason: 'push.webhookUrlNotHttps' });
  }
  const ip = literalOf(url.hostname);
  if ((ip === undefined && !isLoopbackName(url.hostname)) || mayConnect(ip ?? '127.0.0.1', url, policy)) return url;
  throw invalid(`A channel must not call ${url.hostname}; this site's operator can allow it: --channel-host`);
}

/** Whether a channel to `url` may connect to `ip`, which its name stands for now. */
export function mayConnect(ip: string, url: URL, policy: ChannelPolicy): boolean {
  if (isListed(url, policy)) return true;
  const kind = kindOf(ip);
  return kind === 'other' || (kind === 'loopback' && policy.loopback);
}

/** The address that a URL's host is, if it is one and not a name. */
export function literalOf(hostname: string): string | undefined {
  if (hostname.startsWith('[')) return hostname.slice(1, -1);
  return /^\d+\.\d+\.\d+\.\d+$/.test(hostname) ? hostname : undefined;
}

function isListed({ hostname, host, protocol, port }: URL, { hosts }: ChannelPolicy): boolean {
  const withPort = port === '' ? `${hostname}:${protocol === 'https:' ? 443 : 80}` : host;
  return hosts.some((listed) => listed.toLowerCase() === hostname || listed.toLowerCase() === withPort);
}

function isLoopbackName(hostname: string): boolean {
  const literal = literalOf(hostname);
  return literal === undefined ? /(^|\.)localhost\.?$/.test(hostname) : kindOf(literal) === 'loopback';
}

/**
 * `closed` is what no application has: this network, link-local (the metadata servers of clouds are there), multicast
 * and reserved addresses (IANA special-purpose registries). Private networks are open: that is where applications are.
 */
function kindOf(ip: string): 'loopback' | 'closed' | 'other' {
  const four = mappedIpv4(ip) ?? ip;
  if (/^\d+\.\d+\.\d+\.\d+$/.test(four)) {
    const [first = 0, second = 0] = four.split('.').map(Number);
    if (first === 127) return 'loopback';
    return first === 0 || first >= 224 || (first === 169 && second === 254) ? 'closed' : 'other';
  }
  if (ip === '::1') return 'loopback';
  return ip === '::' || /^(fe[89ab][0-9a-f]|ff[0-9a-f]{2}):/i.test(ip) ? 'closed' : 'other';
}

/** `::ffff:127.0.0.1`, also written `::ffff:7f00:1`. */
function mappedIpv4(ip: string): string | undefined {
  const [, dotted, high, low] = /^::ffff:(?:([\d.]+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i.exec(ip) ?? [];
  if (dotted !== undefined) return dotted;
  if (high === undefined || low === undefined) return undefined;
  const [left, right] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [left >> 8, left & 255, right >> 8, right & 255].join('.');
}

function invalid(message: string): StraitError<'invalidArgument'> {
  return new StraitError('invalidArgument', message, { field: 'address', reason: 'invalid' });
}
