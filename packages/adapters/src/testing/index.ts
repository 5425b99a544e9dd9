export { type Cutting, cutPair } from './cut-pair.js'
export type { BackupScript, BackupService } from './emulated-iphone/backup-service/backup-service.js'
export { hostileScripts, placeOutside, waysOut } from './emulated-iphone/backup-service/hostile-scripts.js'
export type { BackupMoment, MomentAction } from './emulated-iphone/backup-service/moments.js'
export { oddScripts } from './emulated-iphone/backup-service/odd-scripts.js'
export type { PasscodeSheet } from './emulated-iphone/backup-service/passcode-sheet.js'
export { PhoneFailure } from './emulated-iphone/backup-service/phone-failure.js'
export type { LinkVersion, PhoneLink } from './emulated-iphone/backup-service/phone-link.js'
export {
  EmulatedIphone,
  type EmulatedIphoneOptions,
  type PortListener,
} from './emulated-iphone/emulated-iphone.js'
export type { CertificateDigest, Pairing } from './emulated-iphone/pairing.js'
export {
  allBytes,
  bytesContent,
  fileContent,
  generatedContent,
  type PhoneContent,
} from './emulated-iphone/phone-tree/phone-content.js'
export { type PhoneEntry, type PhoneFileDetails, PhoneTree } from './emulated-iphone/phone-tree/phone-tree.js'
export { treeFromBackup } from './emulated-iphone/phone-tree/tree-from-backup.js'
export type { Line, Transcript } from './emulated-iphone/transcript.js'
export { type MuxUnderTest, muxContract } from './mux-contract.js'
export { openTestSqlite } from './open-sqlite.js'
export {
  type AttachmentSizes,
  type AttachmentTruth,
  addSnapshotFolder,
  type BackupAnomalies,
  type BackupFile,
  type BackupTruth,
  blobPath,
  callsFile,
  contactImagesFile,
  contactsFile,
  type EncryptionOptions,
  emptyManifestPlist,
  fileId,
  makeSyntheticBackup,
  markEncrypted,
  markUnfinished,
  messagesFile,
  noAnomalies,
  overwriteManifest,
  removeBlob,
  removeFile,
  removeManifest,
  replaceBlobBySymlink,
  rewriteFileId,
  type SchemaVersion,
  type SyntheticBackup,
  type SyntheticBackupOptions,
  type SyntheticWhatsApp,
  schemaVersions,
  type TruthCounts,
  tearDatabase,
  truncateManifest,
  voicemailFile,
  type WhatsAppApp,
  whatsAppDomains,
  whatsAppFile,
} from './synthetic-backup/index.js'
