import { isStraitError } from '../../model/errors.ts';
import type { BucketName, Generation } from '../../model/ids.ts';
import type { NamedObject } from '../../model/object.ts';
import type { Namespace } from '../../namespace/service.ts';
import type { OwnerReads } from '../../sync/owner-reads.ts';
import { createApp, type Route } from '../shared/app.ts';
import { HttpServer, type HttpServerDeps, type HttpServerSettings } from '../shared/http-server.ts';
import type { RequestFilter } from './api/call.ts';
import { Payers } from './api/user-project.ts';
import { renderObject } from './objects/render-object.ts';
import { AnsweredCalls } from './protocol/answered-calls.ts';
import { type CorsEntry, withCors } from './protocol/cors.ts';
import { plainGenerations, shuffledGenerations } from './protocol/generation-codec.ts';
import { limitMutations, type MannersProfile, slowAndRefuse } from './protocol/manners.ts';
import { PageBudget } from './protocol/page-budget.ts';
import { gcsJsonErrors } from './protocol/render-error.ts';
import { gcsJsonRoutes } from './routes.ts';

export interface GcsJsonServerDeps extends HttpServerDeps {
  readonly namespace: Namespace;
  /** At a site that follows a cloud: who is asked what this site does not keep. */
  readonly owner?: OwnerReads;
  /** Further routes of this port, such as those of `dialects/admin`. */
  readonly routes?: readonly Route[];
  /** Changes the routes of the API before they are served: how tests make calls fail. */
  readonly decorate?: (routes: readonly Route[]) => readonly Route[];
  /** Changes decoded requests: how tests prove that parameters matter. */
  readonly filter?: RequestFilter;
}

export interface GcsJsonServerSettings {
  readonly http: HttpServerSettings;
  /** Stand in for GCS. The key must be kept: it makes the generations on the wire. */
  readonly manners?: { readonly profile: MannersProfile; readonly generationKey: Uint8Array };
}

/** A server that speaks the GCS JSON API. It listens when told to (`listen`) and drains when closed. */
export function createGcsJsonServer(deps: GcsJsonServerDeps, settings: GcsJsonServerSettings): HttpServer {
  const { manners } = settings;
  const shared = {
    pages: new PageBudget(),
    payers: new Payers(deps.clock, deps.namespace),
    answered: new AnsweredCalls(deps.clock),
    ...(deps.filter && { filter: deps.filter }),
    ...(deps.owner && { owner: deps.owner }),
  };
  const routes =
    manners === undefined
      ? gcsJsonRoutes({ ...shared, namespace: deps.namespace, generations: plainGenerations })
      : slowAndRefuse(
          gcsJsonRoutes({
            ...shared,
            namespace: limitMutations(deps.namespace, deps.clock),
            generations: shuffledGenerations(manners.generationKey),
          }),
          deps,
          manners.profile,
        );
  const served = [...(deps.decorate?.(routes) ?? routes), ...(deps.routes ?? [])];
  const app = withCors(createApp(served, gcsJsonErrors), (bucket) => readCors(deps.namespace, bucket));
  return new HttpServer(deps, settings.http, app);
}

/** How this server's objects look in notifications: as its answers show them. */
export function eventRenderer(
  origin: string,
  { manners }: Pick<GcsJsonServerSettings, 'manners'>,
): { payload(object: NamedObject): string; generation(generation: Generation): string } {
  const generations = manners === undefined ? plainGenerations : shuffledGenerations(manners.generationKey);
  return {
    payload: (object) => JSON.stringify(renderObject(object, { origin, generations }), undefined, 2),
    generation: (generation) => generations.toWire(generation).toString(),
  };
}

async function readCors(namespace: Namespace, name: BucketName): Promise<readonly CorsEntry[]> {
  try {
    const { cors } = (await namespace.getBucket({ name, preconditions: {} })).settings;
    return Array.isArray(cors) ? cors : [];
  } catch (error) {
    if (isStraitError(error, 'bucketNotFound')) return [];
    throw error;
  }
}
