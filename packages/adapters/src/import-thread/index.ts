export { type ImportThread, type ImportThreadOptions, importThread } from './import-thread.js'
export { type LibraryThreadOptions, libraryThread } from './library-thread.js'
export { serveImportThread, type ThreadHost, type ThreadParts } from './serve-import-thread.js'
