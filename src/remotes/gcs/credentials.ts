import { GoogleAuth } from 'google-auth-library';

/** What Strait asks for, and no more. */
const SCOPES = {
  storage: 'https://www.googleapis.com/auth/devstorage.read_only',
  pubsub: 'https://www.googleapis.com/auth/pubsub',
} as const;

/** Gives the headers that say who asks. */
export interface Credentials {
  headers(): Promise<Readonly<Record<string, string>>>;
  /** Forgets a token the remote refused, so that the next headers carry a new one. */
  renew(): void;
}

const anonymous: Credentials = { headers: async () => ({}), renew() {} };

/** `none`, `adc` (application default credentials), or the path of a credentials file. */
export function credentialsFor(choice: string, service: keyof typeof SCOPES = 'storage'): Credentials {
  if (choice === 'none') return anonymous;
  const make = () => new GoogleAuth({ scopes: SCOPES[service], ...(choice !== 'adc' && { keyFilename: choice }) });
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
