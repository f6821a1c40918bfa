import { projectNumber } from '../../../namespace/rules/project-number.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import type { Call } from '../api/call.ts';
import { renderJson } from '../protocol/render-json.ts';

/** The address Cloud Storage acts under for a project: topics and keys are opened to it. */
export async function getServiceAccount(call: Call<'projects.serviceAccount.get'>): Promise<HttpReply> {
  const number = projectNumber(call.required('projectId'));
  const address = `service-${number}@gs-project-accounts.iam.gserviceaccount.com`;
  return renderJson({ kind: 'storage#serviceAccount', email_address: address }, call.form);
}
