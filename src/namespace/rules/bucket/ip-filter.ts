import { choiceOf, flagOf, invalidField, listOf, objectOf, present, textOf, textsOf } from './read-json.ts';

/** From where a bucket may be reached (https://cloud.google.com/storage/docs/ip-filtering-overview). */

const MODES = ['Enabled', 'Disabled'] as const;
const RANGES_MAX = 200;
const NETWORKS_MAX = 25;
const NETWORK = /^projects\/[a-z0-9][a-z0-9.:-]{0,98}\/global\/networks\/[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export function checkedIpFilter(value: unknown): object {
  const filter = objectOf(value, 'ipFilter');
  const networks = listOf(filter['vpcNetworkSources'], 'ipFilter.vpcNetworkSources').map(checkedNetwork);
  const publicSource = filter['publicNetworkSource'] ?? undefined;
  const ranges = publicSource === undefined ? undefined : checkedPublicSource(publicSource);
  const count = networks.reduce(
    (sum, { allowedIpCidrRanges }) => sum + allowedIpCidrRanges.length,
    ranges?.length ?? 0,
  );
  if (count > RANGES_MAX)
    throw invalidField('ipFilter', `An IP filter has ${RANGES_MAX} ranges at most, not ${count}.`);
  if (networks.length > NETWORKS_MAX) {
    throw invalidField('ipFilter.vpcNetworkSources', `An IP filter has ${NETWORKS_MAX} networks at most.`);
  }
  const flag = (name: string) => (filter[name] === undefined ? undefined : flagOf(filter[name], `ipFilter.${name}`));
  return present({
    mode: choiceOf(filter['mode'], MODES, 'ipFilter.mode'),
    publicNetworkSource: ranges === undefined ? undefined : { allowedIpCidrRanges: ranges },
    vpcNetworkSources: networks.length === 0 ? undefined : networks,
    allowCrossOrgVpcs: flag('allowCrossOrgVpcs'),
    allowAllServiceAgentAccess: flag('allowAllServiceAgentAccess'),
  });
}

function checkedPublicSource(value: unknown): readonly string[] {
  const field = 'ipFilter.publicNetworkSource';
  return checkedRanges(objectOf(value, field)['allowedIpCidrRanges'], `${field}.allowedIpCidrRanges`);
}

function checkedNetwork(value: unknown): { readonly network: string; readonly allowedIpCidrRanges: readonly string[] } {
  const field = 'ipFilter.vpcNetworkSources';
  const source = objectOf(value, field);
  const network = textOf(source['network'], `${field}.network`);
  if (!NETWORK.test(network)) {
    const message = `Invalid network "${network.slice(0, 100)}": expected projects/PROJECT/global/networks/NETWORK.`;
    throw invalidField(`${field}.network`, message);
  }
  const ranges = checkedRanges(source['allowedIpCidrRanges'], `${field}.allowedIpCidrRanges`);
  return { network, allowedIpCidrRanges: ranges };
}

function checkedRanges(value: unknown, field: string): readonly string[] {
  const ranges = textsOf(value, field);
  const wrong = ranges.find((range) => !isRange(range));
  if (wrong === undefined) return ranges;
  throw invalidField(field, `Invalid range of addresses "${wrong.slice(0, 100)}": expected such as 192.0.2.0/24.`);
}

/** An address and the length of its prefix, with no bit set behind it. */
function isRange(range: string): boolean {
  const [address = '', length = '', ...rest] = range.split('/');
  if (rest.length > 0 || !/^(?:0|[1-9]\d{0,2})$/.test(length)) return false;
  const bits = address.includes(':') ? bitsOfV6(address) : bitsOfV4(address);
  return bits !== undefined && Number(length) <= bits.length && !bits.slice(Number(length)).includes('1');
}

function bitsOfV4(address: string): string | undefined {
  const parts = address.split('.');
  const isValid = parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return isValid ? parts.map((part) => Number(part).toString(2).padStart(8, '0')).join('') : undefined;
}

/** `::` stands once for the groups of zeros that are missing. */
function bitsOfV6(address: string): string | undefined {
  const halves = address.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('');
}
