import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SAMPLE_SETTINGS } from '../../../../test/support/bucket-settings.ts';
import type { JsonObject } from '../../../model/operation.ts';
import { checkedClass, checkedSettings } from './checked-settings.ts';
import { checkedLocation, locationTypeOf } from './location.ts';

const NOW = Date.UTC(2026, 2, 1);
const LATER = NOW + 86_400_000;
const iso = (ms: number) => new Date(ms).toISOString();

const settle = (wanted: JsonObject, before?: JsonObject, nowMs = NOW, location = 'US') =>
  checkedSettings(wanted, { location, nowMs, ...(before === undefined ? {} : { before }) });

test('every setting is kept, and checking what was kept changes nothing', () => {
  for (const { what, settings, location } of SAMPLE_SETTINGS) {
    const once = settle(settings, undefined, NOW, location);
    assert.partialDeepStrictEqual(once, settings, what);
    assert.deepEqual(settle(once, undefined, NOW, location), once, what);
    assert.deepEqual(settle(once, once, LATER, location), once, what);
  }
});

test('what nobody knows is not kept, and what says nothing is not shown', () => {
  const wanted = {
    ...{ nonsense: 1, labels: {}, lifecycle: { rule: [] }, cors: [], website: {}, logging: {}, encryption: {} },
    ...{ hierarchicalNamespace: { enabled: false }, versioning: { enabled: true, other: 1 } },
  };
  const shown = { softDeletePolicy: { retentionDurationSeconds: '0' }, versioning: { enabled: true } };
  assert.deepEqual(settle(wanted), { ...shown, rpo: 'DEFAULT' });
  assert.deepEqual(settle({}, undefined, NOW, 'US-EAST1'), { softDeletePolicy: shown.softDeletePolicy });
});

const label = (key: string, value: unknown = 'v') => ({ labels: { [key]: value } });
const range = (...allowedIpCidrRanges: string[]) => ({
  ipFilter: { mode: 'Enabled', publicNetworkSource: { allowedIpCidrRanges } },
});
const network = (name: string, more = {}) => ({
  ipFilter: { mode: 'Disabled', vpcNetworkSources: [{ network: name, allowedIpCidrRanges: [], ...more }] },
});
const many = (length: number) => Object.fromEntries(Array.from({ length }, (_, at) => [`k${at}`, '']));

test('what is in bounds is taken', () => {
  const taken: readonly JsonObject[] = [
    ...[label('é_-1'), label('x'.repeat(63)), label('a', ''), { labels: many(64) }],
    ...[
      { softDeletePolicy: { retentionDurationSeconds: 604_800 } },
      { softDeletePolicy: { retentionDurationSeconds: '7776000' } },
    ],
    ...[range('0.0.0.0/0', '192.0.2.128/25', '192.0.2.1/32', '::/0', '2001:db8::/32', '2001:db8::1/128')],
    ...[network('projects/my-project/global/networks/default')],
    ...[{ cors: [{ origin: ['*', 'http://localhost:8080'], method: ['*'] }, {}] }],
    ...[{ encryption: { googleManagedEncryptionEnforcementConfig: { restrictionMode: 'NotRestricted' } } }],
    ...[{ autoclass: { enabled: true, terminalStorageClass: 'nearline' } }, { autoclass: { enabled: false } }],
    ...[{ iamConfiguration: { publicAccessPrevention: 'unspecified' } }],
    { logging: { logBucket: 'logs-of-mine' } },
    { customPlacementConfig: { dataLocations: ['us-east1', 'us-west1'] }, rpo: 'ASYNC_TURBO' },
  ];
  for (const settings of taken) assert.doesNotThrow(() => settle(settings), JSON.stringify(settings).slice(0, 200));
});

test('what is out of bounds is refused', () => {
  const refused: readonly JsonObject[] = [
    ...[label('A'), label('1a'), label('a b'), label('x'.repeat(64)), label(''), label('a', 'B'), label('a', 1)],
    ...[label('a', 'x'.repeat(64)), label('é'.repeat(63), 'é'.repeat(65)), { labels: many(65) }, { labels: 'x' }],
    ...[604_799, 7_776_001, -1, 1.5, 'x'].map((seconds) => ({
      softDeletePolicy: { retentionDurationSeconds: seconds },
    })),
    ...['10.0.0.1/8', '10.0.0.0/33', '10.0.0/8', '010.0.0.0/8', '256.0.0.0/8', '10.0.0.0', 'x/8'].map((one) =>
      range(one),
    ),
    ...['2001:db8::1/32', '2001:db8::/129', '1::2::3/64', '1:2:3/64', 'g::/16', '1:2:3:4:5:6:7:8:9/128'].map((one) =>
      range(one),
    ),
    ...[
      range(...Array.from({ length: 201 }, (_, at) => `10.0.${at}.0/24`)),
      { ipFilter: {} },
      { ipFilter: { mode: 'On' } },
    ],
    ...[network('default'), network('projects/p/global/networks/n', { allowedIpCidrRanges: ['x'] })],
    ...[{ cors: {} }, { cors: [{ origin: ['localhost'] }] }, { cors: [{ method: ['G T'] }] }],
    ...[{ cors: [{ maxAgeSeconds: -1 }] }, { cors: [{ responseHeader: ['a:b'] }] }],
    ...[{ encryption: { defaultKmsKeyName: 'k' } }],
    { encryption: { customerManagedEncryptionEnforcementConfig: { restrictionMode: 'Partly' } } },
    ...[{ autoclass: { enabled: true, terminalStorageClass: 'STANDARD' } }, { autoclass: { enabled: 'yes' } }],
    ...[{ iamConfiguration: { publicAccessPrevention: 'on' } }, { rpo: 'SLOW' }, { rpo: 'ASYNC_TURBO' }],
    ...[{ logging: { logObjectPrefix: 'x' } }, { logging: { logBucket: 'Logs' } }],
    { logging: { logBucket: 'logs', logObjectPrefix: 'x'.repeat(901) } },
    ...[{ website: { mainPageSuffix: '' } }, { website: { notFoundPage: 'a\nb' } }],
    ...[['us-east1'], ['us-east1', 'US-EAST1'], ['us-east1', 'europe-west1'], ['us-east1', 'us-west1', 'us-west2']].map(
      (dataLocations) => ({ customPlacementConfig: { dataLocations } }),
    ),
    ...[{ versioning: { enabled: 1 } }, { billing: { requesterPays: 'no' } }, { defaultEventBasedHold: 'no' }],
  ];
  for (const settings of refused) {
    const text = JSON.stringify(settings).slice(0, 200);
    assert.throws(() => settle(settings), { code: 'invalidArgument' }, text);
  }
});

test('soft delete is effective since it, or a longer one, was set', () => {
  const of = (seconds: number) => ({ softDeletePolicy: { retentionDurationSeconds: String(seconds) } });
  const [week, month] = [7 * 86_400, 30 * 86_400];
  const longer = settle(of(month));
  const shorter = settle(of(week), longer, LATER);
  const times = (settings: JsonObject) => (settings['softDeletePolicy'] as JsonObject)['effectiveTime'];
  assert.deepEqual([times(longer), times(shorter)], [iso(NOW), iso(NOW)]);
  assert.equal(times(settle(of(month), shorter, LATER)), iso(LATER));
  assert.equal(times(settle(of(0), shorter, LATER)), undefined);
});

test('Autoclass says when it was toggled, and takes the class of new objects over', () => {
  const on = settle({ autoclass: { enabled: true } });
  const expected = { enabled: true, toggleTime: iso(NOW), terminalStorageClass: 'NEARLINE' };
  assert.deepEqual(on['autoclass'], { ...expected, terminalStorageClassUpdateTime: iso(NOW) });
  const archive = settle({ autoclass: { ...(on['autoclass'] as object), terminalStorageClass: 'ARCHIVE' } }, on, LATER);
  const times = archive['autoclass'] as JsonObject;
  assert.deepEqual([times['toggleTime'], times['terminalStorageClassUpdateTime']], [iso(NOW), iso(LATER)]);
  assert.deepEqual(settle({ autoclass: { enabled: false } }, archive, LATER)['autoclass'], {
    enabled: false,
    toggleTime: iso(LATER),
  });
  const cold = { settings: {}, storageClass: 'COLDLINE' };
  assert.equal(checkedClass({ settings: on, storageClass: 'COLDLINE' }, cold), 'STANDARD');
  assert.throws(() => checkedClass({ settings: on, storageClass: 'COLDLINE' }), { code: 'invalidArgument' });
  assert.throws(() => checkedClass({ settings: on, storageClass: 'NEARLINE' }, cold), { code: 'invalidArgument' });
  const byClass = { rule: [{ action: { type: 'Delete' }, condition: { matchesStorageClass: ['STANDARD'] } }] };
  assert.throws(() => settle({ ...on, lifecycle: byClass }), { code: 'invalidArgument' });
});

test('an enforced encryption says since when', () => {
  const of = (restrictionMode: string) => ({
    encryption: { customerSuppliedEncryptionEnforcementConfig: { restrictionMode } },
  });
  const first = settle(of('FullyRestricted'));
  const time = (settings: JsonObject) =>
    (settings as { encryption: Record<string, { effectiveTime: string }> }).encryption[
      'customerSuppliedEncryptionEnforcementConfig'
    ]?.effectiveTime;
  assert.deepEqual([time(first), time(settle(of('FullyRestricted'), first, LATER))], [iso(NOW), iso(NOW)]);
  assert.equal(time(settle(of('NotRestricted'), first, LATER)), iso(LATER));
});

test('what is fixed at creation stays, whatever is asked for later', () => {
  const made = settle({
    objectRetention: { mode: 'Enabled' },
    customPlacementConfig: { dataLocations: ['US-EAST1', 'US-WEST1'] },
  });
  const wanted = { customPlacementConfig: { dataLocations: ['US-EAST4', 'US-WEST4'] }, objectRetention: null };
  assert.deepEqual(settle(wanted, made, LATER), made);
});

test('what an older version took is kept while nobody changes it', () => {
  const older = { labels: { OLD: 'Value' }, versioning: { enabled: true } };
  assert.partialDeepStrictEqual(settle({ ...older, versioning: { enabled: false } }, older), {
    labels: { OLD: 'Value' },
    versioning: { enabled: false },
  });
});

test('locations have types, and names of a site are taken as regions', () => {
  const type = (location: string, settings = {}) => locationTypeOf({ location: checkedLocation(location), settings });
  assert.deepEqual(
    ['us', 'EU', 'asia'].map((one) => type(one)),
    Array(3).fill('multi-region'),
  );
  assert.deepEqual(
    ['nam4', 'EUR4'].map((one) => type(one)),
    Array(2).fill('dual-region'),
  );
  assert.equal(type('US', { customPlacementConfig: {} }), 'dual-region');
  assert.deepEqual(
    ['europe-west1', 'my-site'].map((one) => type(one)),
    Array(2).fill('region'),
  );
  for (const wrong of ['', 'x', 'a b', 'é', 'x'.repeat(41)]) {
    assert.throws(() => checkedLocation(wrong), { code: 'invalidArgument' }, wrong);
  }
});
