import type { HttpReply } from '../../shared/http-message.ts';
import type { Call } from '../api/call.ts';
import { renderJson } from '../protocol/render-json.ts';

/** There are no managed folders here, so a bucket has none. `gcloud storage rm -r` asks. */
export async function listManagedFolders(call: Call<'managedFolders.list'>): Promise<HttpReply> {
  await call.context.namespace.getBucket({ name: call.required('bucket'), preconditions: {} });
  return renderJson({ kind: 'storage#managedFolders' }, call.form);
}
