/** Copy-paste lines that read a synced table at a site with ordinary, unmodified clients. */
export function clientHints(siteUrl: string, bucket: string): string {
  const host = siteUrl.replace(/^https?:\/\//, '');
  return `Read gs://${bucket} at ${siteUrl} with any GCS client:

  gcloud   CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE=${siteUrl}/ CLOUDSDK_AUTH_DISABLE_CREDENTIALS=True \\
           gcloud storage ls gs://${bucket}/
  Python   STORAGE_EMULATOR_HOST=${siteUrl} python3 -c "from google.cloud import storage; \\
           print([b.name for b in storage.Client.create_anonymous_client().list_blobs('${bucket}', max_results=5)])"
  Node     node -e "new (require('@google-cloud/storage').Storage)({apiEndpoint: '${siteUrl}', projectId: 'demo'}) \\
           .bucket('${bucket}').getFiles({maxResults: 5}).then(([files]) => files.forEach(f => console.log(f.name)))"
  rclone   rclone ls --gcs-anonymous --gcs-endpoint ${siteUrl}/storage/v1/ :gcs:${bucket}
  curl     curl 'http://${host}/storage/v1/b/${bucket}/o?maxResults=5&fields=items(name,size)'
`;
}
