export type { AttachmentSizes } from './attachment-content.js'
export {
  addSnapshotFolder,
  blobPath,
  emptyManifestPlist,
  markEncrypted,
  markUnfinished,
  overwriteManifest,
  removeBlob,
  removeFile,
  removeManifest,
  replaceBlobBySymlink,
  rewriteFileId,
  tearDatabase,
  truncateManifest,
} from './damage.js'
export { type SchemaVersion, schemaVersions } from './generations.js'
export { makeSyntheticBackup, type SyntheticBackup } from './make-synthetic-backup.js'
export { type BackupAnomalies, noAnomalies, type SyntheticBackupOptions } from './options.js'
export type { AttachmentTruth, BackupTruth, TruthCounts } from './truth.js'
export { type BackupFile, contactsFile, fileId, messagesFile } from './well-known-files.js'
