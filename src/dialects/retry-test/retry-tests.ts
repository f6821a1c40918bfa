import type { Clock } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import type { Route } from '../shared/app.ts';
import { FaultPlans } from './fault-plans.ts';
import { injectFaults } from './inject-faults.ts';
import { retryTestRoutes } from './routes.ts';

export interface RetryTests {
  /** By which tests say what shall fail. */
  readonly routes: readonly Route[];
  /** Makes the routes of an API fail accordingly. */
  readonly decorate: (routes: readonly Route[]) => readonly Route[];
}

/** For gateways that tests of clients run against, never for one that holds anything of worth. */
export function createRetryTests(deps: { readonly clock: Clock; readonly random: Random }): RetryTests {
  const plans = new FaultPlans(deps.random);
  return {
    routes: retryTestRoutes(plans),
    decorate: (routes) => injectFaults(routes, { clock: deps.clock, plans }),
  };
}
