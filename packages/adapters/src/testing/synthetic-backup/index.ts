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
export type { EncryptionOptions } from './folder/encryption.js'
export { type SchemaVersion, schemaVersions } from './folder/generations.js'
export { makeSyntheticBackup, type SyntheticBackup } from './make-synthetic-backup.js'
export type { AttachmentSizes } from './messages/attachment-content.js'
export { type BackupAnomalies, noAnomalies, type SyntheticBackupOptions } from './options.js'
export type { AttachmentTruth, BackupTruth, TruthCounts } from './truth.js'
export {
  type BackupFile,
  callsFile,
  contactImagesFile,
  contactsFile,
  fileId,
  messagesFile,
  voicemailFile,
  type WhatsAppApp,
  whatsAppDomains,
  whatsAppFile,
} from './well-known-files.js'
export type { SyntheticWhatsApp } from './whatsapp/write-whatsapp.js'
