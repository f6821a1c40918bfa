import type { SiteHttp } from './check/site-http.ts';

/** Names, sizes and CRC32Cs of a bucket at a site that differ from the cloud's; one line each. Reads listings only. */
export async function compareListings(cloud: SiteHttp, site: SiteHttp, bucket: string): Promise<readonly string[]> {
  const [there, here] = await Promise.all([cloud.list(bucket, ''), site.list(bucket, '')]);
  if (there === undefined) return [];
  if (here === undefined) return [`bucket ${bucket} is not at the site`];
  const left = new Map(here.map((object) => [object.name, object]));
  const differences: string[] = [];
  for (const object of there) {
    const copy = left.get(object.name);
    left.delete(object.name);
    if (copy === undefined) differences.push(`${object.name}: not at the site`);
    else if (copy.size !== object.size || copy.crc32c !== object.crc32c)
      differences.push(`${object.name}: other bytes`);
    else if (copy.generation !== object.generation) differences.push(`${object.name}: another generation`);
  }
  for (const name of left.keys()) differences.push(`${name}: not at the cloud`);
  return differences;
}
