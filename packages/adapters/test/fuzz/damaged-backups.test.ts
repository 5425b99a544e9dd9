import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../src/testing/synthetic-backup/random.js'
import { damageDatabase } from './damage.js'
import { copyOf, makeVictim, type Victim } from './hostile-case.js'
import { type Outcome, Readings, type ReadingTask } from './readings.js'
import { isLong, seed } from './suite.js'

/** Copies of the backup that are read by one process, one after the other. */
const copies = 24
/** Damaged backups of each kind. */
const wanted = isLong ? 2400 : 96

const files = ['manifest', 'messages', 'contacts', 'calls', 'voicemail', 'whatsapp'] as const

const codes: Readonly<Record<(typeof files)[number], readonly string[]>> = {
  // A changed byte of the list can hide any file, or name one outside.
  manifest: ['MANIFEST_DAMAGED', 'BACKUP_UNSAFE', 'MESSAGES_MISSING', 'BACKUP_INVALID'],
  messages: ['MESSAGES_DAMAGED', 'BACKUP_INVALID'],
  contacts: ['CONTACTS_DAMAGED', 'BACKUP_INVALID'],
  calls: ['CALLS_DAMAGED', 'BACKUP_INVALID'],
  voicemail: ['VOICEMAIL_DAMAGED', 'BACKUP_INVALID'],
  whatsapp: ['WHATSAPP_DAMAGED', 'BACKUP_INVALID'],
}

let folder: string
let readings: Readings
let base: Victim
const victims: Victim[] = []
const tasks: ReadingTask[] = []
let truth: Readonly<Record<string, number>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-damaged-'))
  readings = await Readings.begin()
  base = await makeVictim(join(folder, 'base'), true)
  for (let index = 0; index < copies; index++) {
    const scratch = join(folder, 'scratch', String(index))
    await mkdir(scratch, { recursive: true })
    const victim = await copyOf(base, join(folder, String(index)))
    victims.push(victim)
    tasks.push({ path: victim.path, scratch, contents: false, allParts: true })
  }
  const [whole] = await readings.read(tasks.slice(0, 1))
  if (whole?.how !== 'read') throw new Error(`The whole backup is not read: ${JSON.stringify(whole)}`)
  truth = sums(whole.counts)
}, 300_000)

afterAll(async () => {
  readings.end()
  await rm(folder, { recursive: true, force: true })
})

describe(`a backup with some changed bytes (seed ${seed}; HOLDFAST_SEED repeats it)`, () => {
  it.each(files)(
    'in %s is read, or refused with a reason',
    {
      timeout: isLong ? 7_200_000 : 600_000,
    },
    async (file) => {
      const faults: string[] = []
      const ends = { read: 0, refused: 0 }
      for (let round = 0; round < wanted; round += copies) {
        for (const [index, victim] of victims.entries()) {
          const random = new Random(`${seed}/${file}/${round + index}`)
          await writeFile(victim[file], damageDatabase(random, await readFile(base[file])))
        }
        for (const [index, outcome] of (await readings.read(tasks)).entries()) {
          const fault = faultOf(file, outcome)
          if (fault !== null) faults.push(`${file} ${round + index} of seed ${seed}: ${fault}`)
          if (outcome.how === 'read' || outcome.how === 'refused') ends[outcome.how] += 1
        }
      }
      for (const victim of victims) await copyFile(base[file], victim[file])
      expect(faults).toEqual([])
      // Changes that are all noticed, or none, would be of the wrong kind.
      expect(Math.min(ends.read, ends.refused)).toBeGreaterThan(0)
    },
  )
})

/** What must not be: a process that hangs or dies, an error without a code, records that are missing without a word. */
function faultOf(file: keyof typeof codes, outcome: Outcome): string | null {
  if (outcome.how === 'refused') {
    return codes[file].includes(outcome.code)
      ? null
      : `it was refused with ${outcome.code}: ${outcome.message}`
  }
  if (outcome.how !== 'read') return JSON.stringify(outcome)
  const found = sums(outcome.counts)
  // The list of files can lose a file, and a database a table: then its part says that it is absent, or a remark says what is not there.
  const isTold = (kind: string) =>
    outcome.parts.includes(`${partOf(kind)} absent`) ||
    outcome.remarks.some((remark) => remark.includes('has no table') && kind.startsWith('whatsapp'))
  const lost = Object.entries(truth).filter(
    ([kind, count]) => (found[kind] ?? 0) === 0 && count > 0 && !isTold(kind),
  )
  return lost.length === 0 ? null : `no ${lost.map(([kind]) => kind).join(', ')}, and no word of it`
}

function partOf(kind: string): string {
  if (kind === 'recording') return 'voicemail'
  return kind.startsWith('whatsapp ') ? 'whatsapp' : kind === 'voicemail' ? kind : `${kind}s`
}

/** Records of each kind, readable or not. */
function sums(counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const all: Record<string, number> = {}
  for (const [kind, count] of Object.entries(counts)) {
    const plain = kind.replace('unreadable ', '')
    all[plain] = (all[plain] ?? 0) + count
  }
  return all
}
