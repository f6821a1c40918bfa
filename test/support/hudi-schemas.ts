/** Hudi's own Avro schemas, cut to the fields a reader of files needs (hudi-common/src/main/avro). */

const STRING = 'string';
const optional = (type: unknown) => ['null', type];
const list = (items: unknown) => ({ type: 'array', items });
const map = (values: unknown) => ({ type: 'map', values });

const WRITE_STAT = {
  type: 'record',
  name: 'HoodieWriteStat',
  fields: [
    { name: 'fileId', type: optional(STRING) },
    { name: 'path', type: optional(STRING) },
    { name: 'prevCommit', type: optional(STRING) },
    { name: 'numWrites', type: optional('long') },
    { name: 'partitionPath', type: optional(STRING) },
    { name: 'fileSizeInBytes', type: optional('long') },
    { name: 'baseFile', type: optional(STRING) },
    { name: 'logFiles', type: optional(list(STRING)) },
    { name: 'cdcStats', type: optional(map('long')) },
  ],
};

export const COMMIT_METADATA = {
  type: 'record',
  name: 'HoodieReplaceCommitMetadata',
  namespace: 'org.apache.hudi.avro.model',
  fields: [
    { name: 'partitionToWriteStats', type: optional(map(list(WRITE_STAT))) },
    { name: 'operationType', type: optional(STRING) },
    { name: 'partitionToReplaceFileIds', type: optional(map(list(STRING))) },
  ],
};

const ROLLBACK_PARTITION = {
  type: 'record',
  name: 'HoodieRollbackPartitionMetadata',
  fields: [
    { name: 'partitionPath', type: STRING },
    { name: 'successDeleteFiles', type: list(STRING) },
    { name: 'failedDeleteFiles', type: list(STRING) },
    { name: 'rollbackLogFiles', type: optional(map('long')) },
    { name: 'logFilesFromFailedCommit', type: optional(map('long')) },
  ],
};

const INSTANT_INFO = {
  type: 'record',
  name: 'HoodieInstantInfo',
  fields: [
    { name: 'commitTime', type: STRING },
    { name: 'action', type: STRING },
  ],
};

export const ROLLBACK_METADATA = {
  type: 'record',
  name: 'HoodieRollbackMetadata',
  namespace: 'org.apache.hudi.avro.model',
  fields: [
    { name: 'startRollbackTime', type: STRING },
    { name: 'commitsRollback', type: list(STRING) },
    { name: 'partitionMetadata', type: map(ROLLBACK_PARTITION) },
    { name: 'instantsRollback', type: list(INSTANT_INFO) },
  ],
};

export const RESTORE_METADATA = {
  type: 'record',
  name: 'HoodieRestoreMetadata',
  namespace: 'org.apache.hudi.avro.model',
  fields: [
    { name: 'startRestoreTime', type: STRING },
    { name: 'instantsToRollback', type: list(STRING) },
    { name: 'hoodieRestoreMetadata', type: map(list(ROLLBACK_METADATA)) },
    { name: 'restoreInstantInfo', type: list('org.apache.hudi.avro.model.HoodieInstantInfo') },
  ],
};

export const CLEAN_METADATA = {
  type: 'record',
  name: 'HoodieCleanMetadata',
  namespace: 'org.apache.hudi.avro.model',
  fields: [
    { name: 'startCleanTime', type: STRING },
    { name: 'totalFilesDeleted', type: 'int' },
    { name: 'deletedFiles', type: list(STRING) },
  ],
};

export const PLAN = {
  type: 'record',
  name: 'HoodieCompactionPlan',
  namespace: 'org.apache.hudi.avro.model',
  fields: [{ name: 'fileIds', type: list(STRING) }],
};
