import { type Principal, SITE_PRINCIPAL } from '../../../model/principal.ts';
import type { Call } from './call.ts';

/** Who makes the request. Requests carry no identity yet: whatever token they bring, the site's own principal acts. */
export function principalOf(_call: Call): Principal {
  return SITE_PRINCIPAL;
}
