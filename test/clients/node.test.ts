/** Google's client for Node, unmodified, in both ways it can be pointed at us. */
import assert from 'node:assert/strict';
import type { Feature } from '../support/client-features.ts';
import { testClient } from './client-suite.ts';
import { buckets } from './node/buckets.ts';
import { objects } from './node/objects.ts';
import { Scene, WAYS } from './node/scene.ts';
import { transfers } from './node/transfers.ts';

const bodies: Partial<Record<Feature, (scene: Scene) => Promise<void>>> = { ...transfers, ...objects, ...buckets };

testClient('node', {
  skip: false,
  check: async (feature, { url }) => {
    const body = bodies[feature];
    assert.ok(body, 'nothing is done about this feature');
    for (const [index, connect] of Object.values(WAYS).entries()) {
      await body(new Scene(url, connect(url), `node-${feature}-${index}`));
    }
  },
});
