export {
  type BackupImportOptions,
  backupImport,
  type CleanupOutput,
  type ExtractOutput,
  type ImportFacts,
  type ImportSettings,
  type ImportSteps,
} from './backup-import.js'
export {
  type BackupPartName,
  type BackupReader,
  type BackupRef,
  type BackupStamp,
  backupParts,
  type ContentDigest,
  type OpenBackup,
  type OpenRequest,
  type PartState,
  type SourceDescription,
  type SourceTotals,
  type Wholeness,
} from './backup-reader.js'
export { collectContent } from './collect-content.js'
export { ContentDigester, sha256Hex } from './content-digest.js'
export type { AcquireContext, CleanupPolicy, Device } from './device.js'
export { canonicalHandle } from './handles.js'
export { allowedSkips, cleanupPolicy, type ImportInput } from './import-policy.js'
export {
  checkOpen,
  type HeldImport,
  importClosed,
  importUnknown,
  isSameSource,
  isToBePublished,
  libraryChanged,
  receiptOfImport,
  wrongReceipt,
} from './import-state.js'
export {
  type DescribedBackup,
  type ImportWork,
  importWork,
  type ProofSettings,
  type Proving,
  type StoreSettings,
} from './import-work.js'
export { itemOutcome } from './item-outcome.js'
export { type LibraryProblem, type LibraryProblemKind, libraryProblems } from './library-problems.js'
export {
  checkReceipt,
  countsOf,
  type ImportCounts,
  itemsOf,
  type OutcomeCounts,
  parseReceipt,
  type Receipt,
  type ReceiptCounts,
  type ReceiptFacts,
  receiptOrNull,
} from './receipt.js'
export { recordIdentity } from './record-identity.js'
export {
  type AppContent,
  type AttachmentParent,
  type AttachmentRecord,
  type CallRecord,
  type ChatRecord,
  type ContactPoint,
  type ContactRecord,
  type Cursor,
  type DecodedRecord,
  type DeletedPart,
  type ImportRecord,
  type ItemOutcome,
  type ItemType,
  type LinkPreview,
  type Mention,
  type MessageEdit,
  type MessageKind,
  type MessagePart,
  type MessageRecord,
  type PostalAddress,
  type Reaction,
  type ReactionKind,
  type RecordBatch,
  type SkipReason,
  type SystemEvent,
  type SystemEventKind,
  skipReasons,
  type TextState,
  type UnreadableRecord,
  type VoicemailRecord,
} from './records.js'
export type { Shortage } from './room-needed.js'
export type { RoomPolicy } from './short-of-room.js'
export type {
  ContentCopy,
  ContentFile,
  ContentSource,
  DeletedInSource,
  ImportRef,
  PublishedImport,
  PublishOptions,
  ReadBackOptions,
  Room,
  StagingState,
  Storage,
  StorageLinks,
  StorageSpace,
  StoredItem,
  WriteOptions,
} from './storage.js'
export type { Reading, Reporting, StoreOutput, Storing } from './store-records.js'
export {
  type ImportCheck,
  type LibraryCheck,
  type LibraryDifference,
  libraryDifferences,
  libraryDiffers,
  type VerifyLibraryOptions,
  verifyLibrary,
  verifyPublished,
} from './verify-library.js'
