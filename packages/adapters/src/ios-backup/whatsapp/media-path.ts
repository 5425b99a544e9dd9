import type { SkipReason } from '@holdfast/core/import'

const messageFolder = 'Message'

/**
 * Where below WhatsApp's shared folder the file of a media item is: `ZMEDIALOCALPATH` is written from its folder of messages
 * (`Media/<address>/a/b/<uuid>.jpg`), by some versions with the folder's name before it. A reason instead where it names no such file.
 */
export function mediaPath(localPath: string | null): { readonly relativePath: string } | SkipReason {
  if (localPath === null || localPath === '') return 'no-path'
  const segments = localPath.replace(/^\/+/, '').split('/')
  if (segments.some((each) => each === '' || each === '.' || each === '..') || localPath.includes('\0')) {
    return 'invalid-path'
  }
  const inside = segments[0] === messageFolder ? segments : [messageFolder, ...segments]
  return { relativePath: inside.join('/') }
}
