export { type AttachmentFilesOptions, attachmentFiles } from './attachment-files.js'
export type { FileSystem } from './file-system.js'
export type { AttachmentFiles, FileMove, IncomingFile } from './port.js'
