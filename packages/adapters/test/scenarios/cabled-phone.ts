import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { HoldfastError } from '@holdfast/core'
import type { AcquireContext, BackupRef, Device } from '@holdfast/core/import'
import { backupFolder } from '../../src/backup-folder/index.js'
import { hasEnded, identityOf, type ProcessIdentity } from '../../src/process/process-identity.js'

/** How the process behaves that makes the backup; see phone.mjs. */
export type Mood = 'quick' | 'busy' | 'hung' | 'locked'

/** The program that makes the backup. */
export const phoneProgram = fileURLToPath(new URL('phone.mjs', import.meta.url))

/**
 * Plays a phone on its cable, on the Device port: a real process makes a real backup. What such a device owes the engine is here as in
 * an adapter for real phones: it needs `device`, tells where the backup will be before anything is written, takes what the process says
 * for activity, asks for the passcode, and has ended the process before it says that it stopped. Which process it is lies beside the
 * backup: one that a killed app has left is ended by the next app, before that lets another one near the phone.
 */
export class CabledPhone implements Device {
  readonly needs = ['device']
  readonly stall = 120_000
  mood: Mood = 'quick'
  /** Processes that were started. */
  started = 0
  readonly #phone: string
  readonly #backup: string
  readonly #program: string
  readonly #folder = backupFolder()
  #process: ChildProcess | null = null
  #onLine: () => void = () => undefined

  /** `phone`: the backup that it hands out; `backup`: where it makes it; `program`: phone.mjs, wherever this is bundled to. */
  constructor(phone: string, backup: string, program = phoneProgram) {
    this.#phone = phone
    this.#backup = backup
    this.#program = program
  }

  /** Whether the process is there. */
  get isAtWork(): boolean {
    const id = this.#process?.pid
    if (id === undefined) return false
    try {
      process.kill(id, 0)
      return true
    } catch {
      return false
    }
  }

  resources(): readonly string[] {
    return ['device:cabled']
  }

  expectedPath(): string {
    return this.#backup
  }

  async acquire(context: AcquireContext): Promise<BackupRef> {
    context.signal.throwIfAborted()
    const backup: BackupRef = { path: this.#backup, ownership: 'made' }
    await context.onBackup(backup)
    await this.#endLeftOver()
    if (!existsSync(backup.path)) await this.#make(context)
    return backup
  }

  release(...call: Parameters<Device['release']>): ReturnType<Device['release']> {
    return this.#folder.release(...call)
  }

  async discard(backup: BackupRef, options: { readonly delete: boolean }): Promise<void> {
    if (options.delete) await rm(backup.path, { recursive: true, force: true })
  }

  /** Says a word to the process; resolves when it has said one. */
  say(word: 'go on' | 'finish'): Promise<void> {
    return new Promise((resolve) => {
      this.#onLine = resolve
      this.#process?.stdin?.write(`${word}\n`)
    })
  }

  /** Resolves at the next word of the process, or at its end. */
  saysSomething(): Promise<void> {
    return new Promise((resolve) => {
      this.#onLine = resolve
    })
  }

  /** Names the process that is at work. */
  get #mark(): string {
    return `${this.#backup}.process`
  }

  /** Ends the process that an app was making the backup with when it was killed. */
  async #endLeftOver(): Promise<void> {
    if (!existsSync(this.#mark)) return
    // What `#make` wrote.
    const left = JSON.parse(readFileSync(this.#mark, 'utf8')) as ProcessIdentity
    while (!hasEnded(left)) {
      process.kill(left.pid, 'SIGKILL')
      await delay(10)
    }
    rmSync(this.#mark)
  }

  #make({ signal, activity, ask }: AcquireContext): Promise<void> {
    const child = spawn(process.execPath, [this.#program, this.#phone, this.#backup, this.mood])
    this.#process = child
    this.started += 1
    if (child.pid !== undefined) writeFileSync(this.#mark, JSON.stringify(identityOf(child.pid)))
    const kill = (): void => void child.kill('SIGKILL')
    if (signal.aborted) kill()
    signal.addEventListener('abort', kill, { once: true })
    child.stderr.setEncoding('utf8').on('data', (words: string) => {
      activity()
      if (words.includes('passcode?')) {
        // An end of the attempt ends the process as well, so nobody waits for this answer then.
        ask({ kind: 'passcode', message: 'Enter the passcode on the iPhone' }).then(
          () => child.stdin.write('entered\n'),
          () => undefined,
        )
      }
      this.#onLine()
    })
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status) => {
        signal.removeEventListener('abort', kill)
        rmSync(this.#mark, { force: true })
        this.#onLine()
        if (signal.aborted) reject(signal.reason)
        else if (status === 0) resolve()
        else
          reject(new HoldfastError('RESOURCE_LOST', 'The backup was cut off', { hint: 'Plug the phone in.' }))
      })
    })
  }
}
