/** Who makes a request. */
export interface Principal {
  /** Of a user or a service account. */
  readonly email: string;
}

/**
 * Whoever makes requests, until requests carry an identity. The owner of an object is stored only when it is another:
 * this one costs nothing in a row, and stays the owner of its objects when others come.
 */
export const SITE_PRINCIPAL: Principal = { email: 'strait@strait.iam.gserviceaccount.com' };
