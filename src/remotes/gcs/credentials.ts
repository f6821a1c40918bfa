import { GoogleAuth } from 'google-auth-library';

const READ_ONLY = 'https://www.googleapis.com/auth/devstorage.read_only';

/** Gives the headers that say who asks. */
export interface Credentials {
  headers(): Promise<Readonly<Record<string, string>>>;
  /** Forgets a token the remote refused, so that the next headers carry a new one. */
  renew(): void;
}

const anonymous: Credentials = { headers: async () => ({}), renew() {} };

/** `none`, `adc` (application default credentials), or the path of a credentials file. */
export function credentialsFor(choice: string): Credentials {
  if (choice === 'none') return anonymous;
  const make = () => new GoogleAuth({ scopes: READ_ONLY, ...(choice !== 'adc' && { keyFilename: choice }) });
  let auth = make();
  return {
    async headers() {
      return Object.fromEntries((await auth.getRequestHeaders()).entries());
    },
    renew() {
      auth = make();
    },
  };
}
