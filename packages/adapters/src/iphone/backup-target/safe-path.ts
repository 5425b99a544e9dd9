import { HoldfastError } from '@holdfast/core'

/** No backup of Apple's is deeper than `UDID/Snapshot/ab/…`; deeper ones are made up. */
const deepest = 16
/** What file systems take for one name. */
const longestPart = 255

/** What Windows reads as something else than a name, on whatever system the backup is made: it may be carried there. */
const oddCharacters = /[<>:"|?*\\]|\p{Cc}/u
const windowsDevices = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

/**
 * The names of a path that a phone gave, below the folder of its backup: phones write them as `UDID/Snapshot/ab/…`, with or without a
 * slash before. Empty for the folder itself. A phone is not trusted: whatever could lead out of the folder, or be another name on another
 * system, is refused.
 *
 * @throws HoldfastError `BACKUP_UNSAFE`.
 */
export function safeNames(path: string, udid: string): readonly string[] {
  const [first, ...names] = path.split('/').filter((name) => name !== '' && name !== '.')
  if (first !== udid) throw unsafe(path, 'it is not in the folder of this phone')
  if (names.length > deepest) throw unsafe(path, 'it is too deep')
  for (const name of names) {
    const problem = problemOf(name)
    if (problem !== null) throw unsafe(path, problem)
  }
  return names
}

function problemOf(name: string): string | null {
  if (name === '..') return 'it leads out of its folder'
  if (Buffer.byteLength(name) > longestPart) return 'a name in it is too long'
  if (oddCharacters.test(name)) return 'a name in it has characters that no backup has'
  if (/[. ]$/.test(name) || windowsDevices.test(name)) return 'a name in it means something else on Windows'
  return null
}

/** The error for a path that could lead out of the backup's folder. */
export function unsafe(path: string, problem: string): HoldfastError {
  return new HoldfastError('BACKUP_UNSAFE', `The iPhone named a file that may not be touched: ${problem}`, {
    hint: 'Nothing outside the folder of the backup was touched. Restart the iPhone; if it happens again, do not trust it.',
    retryable: false,
    facts: { path: path.slice(0, 500) },
  })
}
