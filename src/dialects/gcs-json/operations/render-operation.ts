import type { Operation } from '../../../model/operation.ts';
import { operationType } from '../../../namespace/rules/operation-filter.ts';
import type { Resource } from '../api/body.ts';
import { renderTime } from '../objects/render-object.ts';

/** As google.longrunning has it: `done` and an outcome, or neither. */
export function renderOperation(operation: Operation, origin: string): Resource {
  const { id, bucket, kind, outcome, endedMs, progressPercent } = operation;
  return {
    kind: 'storage#operation',
    name: `projects/_/buckets/${bucket}/operations/${id}`,
    selfLink: `${origin}/storage/v1/b/${encodeURIComponent(bucket)}/operations/${id}`,
    metadata: {
      '@type': `type.googleapis.com/google.storage.control.v2.${capitalized(kind)}Metadata`,
      commonMetadata: {
        createTime: renderTime(operation.createdMs),
        updateTime: renderTime(operation.updatedMs),
        ...(endedMs === undefined ? {} : { endTime: renderTime(endedMs) }),
        type: operationType(kind),
        requestedCancellation: operation.isCancelRequested,
        ...(progressPercent === undefined ? {} : { progressPercent }),
      },
      ...operation.shown,
    },
    done: outcome !== undefined,
    ...(outcome?.kind === 'response' ? { response: outcome.response } : {}),
    ...(outcome?.kind === 'error' ? { error: { code: outcome.code, message: outcome.message } } : {}),
  };
}

function capitalized(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}
