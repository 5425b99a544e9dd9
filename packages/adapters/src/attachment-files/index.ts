export { type AttachmentFilesOptions, attachmentFiles } from './attachment-files.js'
export type { Way } from './file-jobs.js'
export type { FileSystem } from './file-system.js'
export type {
  AttachmentFiles,
  DigestRequest,
  FileDigest,
  FileMove,
  IncomingFile,
  LinkStatus,
  WriteFile,
} from './port.js'
