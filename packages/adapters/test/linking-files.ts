import type { AttachmentFilesOptions } from '../src/attachment-files/index.js'
import { watchedFileSystem } from './faulty-file-system.js'

/** Links on every file system, also on those that would rather clone; `before` is called before every other call. */
export const linking = (before: (call: string) => void = () => {}): AttachmentFilesOptions => ({
  fs: watchedFileSystem((call) => {
    if (call === 'copyFile') throw Object.assign(new Error('no clones'), { code: 'ENOTSUP' })
    before(call)
  }),
})
