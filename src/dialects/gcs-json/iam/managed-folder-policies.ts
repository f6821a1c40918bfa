/** getIamPolicy, setIamPolicy and testIamPermissions of managed folders. */
import type { ManagedFolderAddress, ManagedFolderPolicy } from '../../../namespace/managed-folders.ts';
import type { HttpReply } from '../../shared/http-message.ts';
import type { Call } from '../api/call.ts';
import { bucketEtag } from '../protocol/etag.ts';
import { renderJson } from '../protocol/render-json.ts';
import { bodyPreconditions, decodePolicy, renderPermissions, renderPolicy } from './policies.ts';

export async function getManagedFolderPolicy(call: Call<'managedFolders.getIamPolicy'>): Promise<HttpReply> {
  const requestedVersion = call.integer('optionsRequestedPolicyVersion');
  const found = await call.context.namespace.getManagedFolderPolicy({
    address: addressOf(call),
    ...(requestedVersion === undefined ? {} : { requestedVersion }),
  });
  return show(call, found);
}

export async function setManagedFolderPolicy(call: Call<'managedFolders.setIamPolicy'>): Promise<HttpReply> {
  const set = await call.context.namespace.setManagedFolderPolicy({
    address: addressOf(call),
    policy: decodePolicy(call.body),
    // A folder's metageneration is its version, as a bucket's is.
    preconditions: bodyPreconditions(call, 'bucket'),
  });
  return show(call, set);
}

export async function testManagedFolderPermissions(
  call: Call<'managedFolders.testIamPermissions'>,
): Promise<HttpReply> {
  const held = await call.context.namespace.testManagedFolderPermissions({
    address: addressOf(call),
    permissions: call.list('permissions'),
  });
  return renderJson(renderPermissions(held), call.form);
}

function addressOf(
  call: Call<'managedFolders.getIamPolicy' | 'managedFolders.setIamPolicy' | 'managedFolders.testIamPermissions'>,
): ManagedFolderAddress {
  return { bucket: call.required('bucket'), name: call.required('managedFolder') };
}

function show(
  call: Call<'managedFolders.getIamPolicy'> | Call<'managedFolders.setIamPolicy'>,
  { folder, policy }: ManagedFolderPolicy,
): HttpReply {
  const resourceId = `projects/_/buckets/${folder.bucket}/managedFolders/${folder.name}`;
  return renderJson(renderPolicy(policy, resourceId, bucketEtag(folder.metageneration)), call.form);
}
