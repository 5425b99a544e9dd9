import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openTestSqlite } from '@holdfast/adapters/testing'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const entry = join(root, 'examples', 'import-cli', 'dist', 'main.js')

/** Builds the program; a tenth of a second when nothing changed. */
export function buildProgram(): void {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  execFileSync(process.execPath, [tsc, '-b', join(root, 'tsconfig.json')], { stdio: 'inherit' })
}

/** How a run of the program ended. */
export interface Ended {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** What `--json` printed: the last line of standard output. */
export interface Report {
  readonly status: string
  readonly run: string | null
  readonly step?: string
  readonly backupPath: string | null
  readonly backupExists: boolean
  readonly messages: Readonly<Record<string, number>>
  readonly attachments: Readonly<Record<string, number>> & {
    readonly reasons: Readonly<Record<string, number>>
  }
  readonly contacts: Readonly<Record<string, number>>
  readonly receipt: { readonly digest: string } | null
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null
  readonly seconds: number
}

/** A program under way. */
export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when standard error holds the text. */
  readonly says: (text: string) => Promise<void>
}

/** Starts the program, as a user does, without a terminal. */
export function start(...words: string[]): Started {
  return startWith({}, ...words)
}

/** Starts the program with further variables in its environment. */
export function startWith(variables: Readonly<Record<string, string>>, ...words: string[]): Started {
  // A user wishes nothing about colours; a test runner has wishes of its own.
  const { FORCE_COLOR: _forced, NO_COLOR: _none, ...inherited } = process.env
  const env = { ...inherited, ...variables }
  const child = spawn(process.execPath, [entry, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env })
  let stdout = ''
  let stderr = ''
  const listeners = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    for (const listener of listeners) listener()
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => resolve({ status, signal, stdout, stderr }))
  })
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (stderr.includes(text)) resolve()
      }
      listeners.add(look)
      look()
      void ended.then(() => reject(new Error(`it ended without saying '${text}':\n${stderr}`)))
    })
  return { child, ended, says }
}

/** Runs the program to its end. */
export function program(...words: string[]): Promise<Ended> {
  return start(...words).ended
}

/** Runs the program with `--json`, and gives its exit status and the object that it printed. */
export async function report(
  ...words: string[]
): Promise<{ status: number | null; report: Report; stderr: string }> {
  const ended = await program(...words, '--json')
  return { status: ended.status, report: reportOf(ended), stderr: ended.stderr }
}

/** The object in the last line of standard output; there must be no other line. */
export function reportOf({ stdout, stderr }: Ended): Report {
  const lines = stdout.trimEnd().split('\n')
  if (lines.length !== 1) throw new Error(`standard output has ${lines.length} lines:\n${stdout}\n${stderr}`)
  // What the design fixes; tests look at each field.
  return JSON.parse(lines[0] ?? '') as Report
}

/** Everything below a folder with its size, or hash where `contents` is true; nothing where there is no such folder. */
export function treeOf(folder: string, contents = false): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name)
      const stats = lstatSync(path)
      if (!stats.isFile()) return `${name}/`
      return `${name} ${contents ? hashOf(readFileSync(path)) : `${stats.size} ${stats.mtimeMs}`}`
    })
}

const views = [
  'messages',
  'message_edits',
  'reactions',
  'chats',
  'chat_members',
  'attachments',
  'contacts',
  'contact_points',
]

/** All that readers of a library see: every row of every view, and every file by its content. */
export function libraryContent(into: string): {
  readonly rows: readonly unknown[]
  readonly files: readonly string[]
} {
  const db = openTestSqlite(join(into, 'library.db'), { readonly: true })
  try {
    const rows = views.map((view) => [
      view,
      db
        .prepare(`SELECT * FROM ${view}`)
        .all()
        .map((row) => JSON.stringify(row))
        .sort(),
    ])
    return { rows, files: treeOf(join(into, 'attachments'), true).filter((name) => !name.startsWith('.')) }
  } finally {
    db.close()
  }
}

/** Rows of a query on a library. */
export function query(into: string, sql: string): readonly unknown[] {
  const db = openTestSqlite(join(into, 'library.db'), { readonly: true })
  try {
    return db.prepare(sql).all()
  } finally {
    db.close()
  }
}

function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
