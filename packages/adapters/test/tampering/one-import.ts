import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Storage } from '@holdfast/core/import'
import { noAnomalies, type SyntheticBackup } from '../../src/testing/index.js'
import { watchedFileSystem } from '../faulty-file-system.js'
import { Workshop } from '../import-workshop.js'
import { allParts } from './specimen.js'

/** How the library gets the content of attachments: by copying, by clones where the file system has them, or by hard links. */
export type Sharing = 'copied' | 'linked' | 'cloned'

/** An import that lets its backup go in the end, and what somebody does to it in between. */
export interface DisturbedImport {
  readonly workshop: Workshop
  readonly backup: SyntheticBackup
  readonly app: ReturnType<Workshop['openApp']>
  /** Whether the backup is where it was. */
  backupIsThere(): boolean
}

/** What is between the steps, and is done once. */
export interface Moments {
  /** After everything is stored, before verify reads any of it. */
  readonly stored?: (place: DisturbedImport) => void | Promise<void>
  /** After the receipt is durable, before the backup is let go. */
  readonly verified?: (place: DisturbedImport) => void | Promise<void>
}

/** Sets an import up whose run can be started: all parts of a backup that is handed over. */
export async function setUpImport(sharing: Sharing, moments: Moments): Promise<DisturbedImport> {
  const workshop = new Workshop()
  const backup = await workshop.makeBackup({
    seed: 81,
    messages: 30,
    attachments: 10,
    calls: 4,
    voicemails: 2,
    contacts: 3,
    contactImages: 1,
    whatsApp: [{ messages: 12 }],
    anomalies: noAnomalies,
  })
  const happened = new Set<keyof Moments>()
  const once = async (moment: keyof Moments): Promise<void> => {
    if (happened.has(moment)) return
    happened.add(moment)
    await moments[moment]?.(place)
  }
  const storage = (real: Storage): Storage => ({
    ...real,
    // Verify is the first that reads back what is stored.
    async *readBack(...given) {
      await once('stored')
      yield* real.readBack(...given)
    },
    async publish(...given) {
      await real.publish(...given)
      await once('verified')
    },
  })
  const app = workshop.openApp({
    parts: allParts,
    storage,
    files:
      sharing === 'linked'
        ? {
            fs: watchedFileSystem((call) => {
              if (call === 'copyFile') throw Object.assign(new Error('no clones'), { code: 'ENOTSUP' })
            }),
          }
        : { sharing: sharing === 'copied' ? 'nothing' : 'clones' },
  })
  const place: DisturbedImport = {
    workshop,
    backup,
    app,
    backupIsThere: () => existsSync(join(backup.path, 'Manifest.db')),
  }
  return place
}

/** Changes one byte of a file, as a program would that writes into it. */
export function flip(path: string, at = 0): void {
  const bytes = readFileSync(path)
  if (bytes.length <= at) throw new Error(`${path} has no byte ${at}`)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
}

/** Blobs of a backup that hold the content of one of the library's files: the same size and bytes. */
export function blobsOfContents({ backup, workshop }: DisturbedImport): readonly string[] {
  const root = join(workshop.folder, 'attachments')
  const contents = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => join(root, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path))
  return readdirSync(backup.path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /[0-9a-f]{40}$/.test(name))
    .map((name) => join(backup.path, name))
    .filter((path) => statSync(path).isFile())
    .filter((path) => contents.some((content) => content.equals(readFileSync(path))))
}
