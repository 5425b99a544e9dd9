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
} from './folder/damage.js'
export { type SchemaVersion, schemaVersions } from './folder/generations.js'
export { makeSyntheticBackup, type SyntheticBackup } from './make-synthetic-backup.js'
export type { AttachmentSizes } from './messages/attachment-content.js'
export { type BackupAnomalies, noAnomalies, type SyntheticBackupOptions } from './options.js'
export type { AttachmentTruth, BackupTruth, TruthCounts } from './truth.js'
export { type BackupFile, contactsFile, fileId, messagesFile } from './well-known-files.js'
