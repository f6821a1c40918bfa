/** Which handler serves which method. Each family's `methods.ts` has its own; `routes.ts` puts them together. */
import { StraitError } from '../../../model/errors.ts';
import type { Call, Handler } from './call.ts';
import type { MethodId } from './document.ts';

/** One for every method of the discovery document: the compiler names those that are missing. */
export type Handlers = { readonly [Id in MethodId]: Handler<Id> };

/** Stands for a method that is not written yet: 501 `notImplemented`. */
export async function notYet({ method }: Call): Promise<never> {
  throw new StraitError('unsupported', `${method.id} is not supported yet.`, { feature: method.id });
}
