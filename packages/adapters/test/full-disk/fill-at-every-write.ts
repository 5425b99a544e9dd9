/**
 * A process on a small disk of its own, with the shim of disk.c before it: imports a backup again and again, and has the disk filled
 * before another of its writes each time. Prints a {@link FullDiskReport}. It is given a {@link FullDiskPlan} as JSON.
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { ErrorReport } from '@holdfast/core'
import { fingerprintBackup } from '../../src/ios-backup/index.js'
import { makeSyntheticBackup } from '../../src/testing/index.js'
import { type App, AppFolders, endOf, openApp, readWhole, type WholeLibrary } from './import-app.js'
import type { FullDiskPlan, FullDiskReport } from './plan.js'

// The parent wrote it from a FullDiskPlan.
const plan = JSON.parse(process.env['HOLDFAST_FULL_DISK_PLAN'] ?? '') as FullDiskPlan
const folders = new AppFolders(plan.disk)
const { signal } = new AbortController()

const sizes = { messages: 120, attachments: 14, contacts: 6, chats: 4 }
const older = await makeSyntheticBackup({
  into: join(plan.elsewhere, 'older'),
  seed: 1,
  ...sizes,
  messages: 40,
})
const phone = await makeSyntheticBackup({ into: join(plan.elsewhere, 'phone'), seed: 1, ...sizes })
const fingerprint = await fingerprintBackup(phone.path, signal)

const before = join(plan.elsewhere, 'before')
await importUndisturbed(older.path, null, before)
const after = join(plan.elsewhere, 'after')
await importUndisturbed(phone.path, before, after)
const libraryBefore = await readWhole(copyOf(before))
const libraryAfter = await readWhole(copyOf(after))

/** The run that is disturbed; the library holds another one already. */
const key = 'disturbed'
const faults: string[] = []
const ends: Record<string, number> = {}
let points = 0
let calls = plan.first
for (;;) {
  let filled = false
  for (const left of plan.left) filled = (await fillAt(calls, left)) || filled
  if (!filled) break
  calls += plan.step
}
const report: FullDiskReport = { points, calls, ends, faults }
process.stdout.write(JSON.stringify(report))

/** Imports with the disk filled before a call, then with room. False when the import makes no such call. */
async function fillAt(call: number, left: number): Promise<boolean> {
  const when = `the disk filled before write ${call}, ${left} bytes left`
  const fault = (what: string): void => void faults.push(`${when}: ${what}`)
  folders.lay(phone.path, before)
  const app = openApp(folders)
  process.env['HOLDFAST_DISK_FILL'] = `${call}-${left}:${call}:${left}`
  const full = await endOf(() => app.start(key))
  const wasFilled = folders.isFull
  if (wasFilled) {
    points += 1
    ends[`${full.status} ${full.error?.code ?? ''}`.trim()] =
      (ends[`${full.status} ${full.error?.code ?? ''}`.trim()] ?? 0) + 1
    const wrong = full.status === 'done' ? null : faultOfError(full.error)
    if (wrong !== null) fault(`${full.status}: ${wrong}`)
    for (const what of await brokenInvariants()) fault(what)
  }
  // In turn: the same process goes on, and the next one does, which first tries while the disk is full.
  const end = points % 2 === 0 ? await goOnHere(app) : await goOnLater(app, fault)
  if (end.status !== 'done') fault(`with room again it ended as ${end.status}: ${JSON.stringify(end.error)}`)
  const library = await readWhole(copyOf(folders.library))
  if (!isDeepStrictEqual(library, libraryAfter)) fault(`with room again ${difference(library)}`)
  const leftovers = folders.leftovers()
  if (leftovers.length > 0) fault(`left behind: ${leftovers.join(', ')}`)
  return wasFilled
}

async function goOnHere(app: App) {
  folders.makeRoom()
  const end = await endOf(async () => {
    const run = (await app.find(key)) ?? (await app.start(key))
    // A first retry may go on with the undo of the failed step, whose end nothing could write down; then it rests again.
    for (let tried = 0; tried < 2 && (await run.outcome()).status !== 'done'; tried++) await run.retry()
    return run
  })
  await app.close()
  return end
}

async function goOnLater(app: App, fault: (what: string) => void) {
  // Nothing can be written down now; what the process held is free as soon as it is gone.
  await app.close().catch((thrown: unknown) => expectFull(thrown, 'closing', fault))
  if (folders.isFull) {
    try {
      const early = openApp(folders)
      await early.runner.recover().catch((thrown: unknown) => expectFull(thrown, 'recovering', fault))
      const run = await early.find(key)
      await run?.outcome()
      await early.close().catch((thrown: unknown) => expectFull(thrown, 'closing again', fault))
    } catch (thrown) {
      expectFull(thrown, 'opening', fault)
    }
  }
  folders.makeRoom()
  const later = openApp(folders)
  const { setAside, elsewhere } = await later.runner.recover()
  if (setAside.length + elsewhere.length > 0) fault(JSON.stringify({ setAside, elsewhere }))
  return goOnHere(later)
}

function expectFull(thrown: unknown, doing: string, fault: (what: string) => void): void {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : null
  if (code !== 'DISK_FULL') fault(`${doing} on the full disk failed otherwise: ${String(thrown)}`)
}

/** What is wrong with what a user is told of a full disk; null when nothing is. */
function faultOfError(error: ErrorReport | null): string | null {
  if (error === null) return 'it does not say why'
  const { code, hint, retryable, facts } = error
  if (code !== 'DISK_FULL') return `${code}: ${error.message} ${JSON.stringify(facts)}`
  const { path, bytesNeeded, bytesFree } = facts
  if (hint === null || !retryable) return 'no hint, or not to be tried again'
  if (typeof path !== 'string' || !path.startsWith(plan.disk)) return `path is ${path}`
  if (typeof bytesNeeded !== 'number' || bytesNeeded <= 0) return `bytesNeeded is ${bytesNeeded}`
  if (typeof bytesFree !== 'number') return `bytesFree is ${bytesFree}`
  return null
}

/** The two that hold at every moment: readers see all of an import or nothing, and the backup is whole or its receipt is published. */
async function brokenInvariants(): Promise<readonly string[]> {
  const library = await readWhole(copyOf(folders.library))
  if (isDeepStrictEqual(library.items, libraryAfter.items)) return []
  // Content that is staged lies in the folder of attachments already, where no row refers to it.
  const isAsBefore =
    isDeepStrictEqual(library.items, libraryBefore.items) &&
    isDeepStrictEqual(library.seen.records, libraryBefore.seen.records)
  const broken = isAsBefore ? [] : [`readers see a part: ${difference(library)}`]
  const whole = await fingerprintBackup(folders.backup, signal).catch((thrown: unknown) => String(thrown))
  return whole === fingerprint ? broken : [...broken, `no receipt, and the backup is ${whole}`]
}

function difference({ seen, items }: WholeLibrary): string {
  const [is, shouldBe] = [JSON.stringify(seen.records), JSON.stringify(libraryAfter.seen.records)]
  let at = 0
  while (at < is.length && is[at] === shouldBe[at]) at++
  if (is !== shouldBe) return `its rows begin to differ at: ${is.slice(Math.max(0, at - 40), at + 160)}`
  if (!isDeepStrictEqual(seen.files, libraryAfter.seen.files))
    return `its files are ${JSON.stringify(seen.files)}`
  return `its items differ: ${items.map((each) => each.length).join(', ')}`
}

async function importUndisturbed(backup: string, library: string | null, into: string): Promise<void> {
  folders.lay(backup, library)
  const app = openApp(folders)
  const { status, error } = await endOf(() => app.start(`undisturbed ${into}`))
  if (status !== 'done') throw new Error(`an undisturbed import ended as ${status}: ${error?.message ?? ''}`)
  await app.close()
  cpSync(folders.library, into, { recursive: true })
}

/** A copy to look at: to open a database is to change it. */
function copyOf(library: string): string {
  const copy = join(plan.elsewhere, 'copy')
  rmSync(copy, { recursive: true, force: true })
  mkdirSync(copy)
  cpSync(library, copy, { recursive: true, filter: (name) => !name.endsWith('-shm') })
  return copy
}
