import type { Wire } from '../../../iphone/wire/wire.js'

/** A larger block is held in memory by a phone, whose backup service is then ended by the system. */
const largestBlock = 32 * 1024
const longestName = 1024

/** A file that the phone asked the host for. */
export interface AskedFile {
  readonly path: string
  /** Why the host could not send it, in its words; null when it did. */
  readonly problem: string | null
}

/**
 * Reads the files that a host sends behind a command to send them, exactly those of `paths`, in their order. Their bytes go to `take`, a
 * block at a time; what is larger than phones stand is complained of.
 *
 * @throws Error what is out of step with the protocol.
 */
export async function receiveAskedFiles(
  wire: Wire,
  paths: readonly string[],
  take: (path: string, bytes: Uint8Array) => void | Promise<void>,
  complain: (complaint: string) => void,
): Promise<readonly AskedFile[]> {
  const files: AskedFile[] = []
  for (;;) {
    const length = await u32(wire)
    if (length === 0) break
    if (length > longestName) throw new Error(`a file whose name has ${length} bytes`)
    const path = (await wire.read(length)).toString('utf8')
    if (path !== paths[files.length]) throw new Error(`${path} is not the file that is next`)
    files.push({ path, problem: await receiveBlocks(wire, (bytes) => take(path, bytes), complain) })
  }
  if (files.length !== paths.length) complain(`${files.length} files of ${paths.length} that were asked for`)
  return files
}

async function receiveBlocks(
  wire: Wire,
  take: (bytes: Uint8Array) => void | Promise<void>,
  complain: (complaint: string) => void,
): Promise<string | null> {
  for (;;) {
    const length = await u32(wire)
    if (length === 0) throw new Error('a block without a kind')
    if (length - 1 > largestBlock) complain(`a block of ${length - 1} bytes, which phones do not survive`)
    const [code] = await wire.read(1)
    const bytes = await wire.read(length - 1)
    if (code === 0x0c) await take(bytes)
    else if (code === 0x00) return null
    else if (code === 0x06) return bytes.toString('utf8')
    else throw new Error(`a block of the unknown kind ${code}`)
  }
}

async function u32(wire: Wire): Promise<number> {
  return (await wire.read(4)).readUInt32BE()
}
