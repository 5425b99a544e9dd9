import { randomUUID } from 'node:crypto'
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 200
/** A holder that lives touches its lock this often. */
const BEAT_MS = 5_000
/** A lock untouched for so long, and while a waiter watched it for two beats and a half, belongs to nobody. */
const SILENCE_MS = 60_000
/** Between creating the file and writing into it a lock is unreadable; for no longer than this. */
const WRITING_MS = 5_000

/**
 * @typedef {{ token: string, host: string, pid: number, tool: number | null }} Holder `tool` is the process that the
 * holder has started and that must have ended too, before another may begin
 * @typedef {object} Held
 * @property {(pid: number | null) => void} noteTool tells the lock about the tool that runs now
 * @property {AbortSignal} lost aborts when another process took the lock over, which happens only to a holder that was stopped
 */

/**
 * Runs `work` while no other process runs work under the same lock file. The lock of a process that was killed is taken
 * over: at once where its end can be seen, after a minute of silence where it cannot (another host, a recycled pid).
 * @template T
 * @param {string} path the lock file; its folder must exist
 * @param {(held: Held) => Promise<T>} work
 * @param {{ signal: AbortSignal, onWait: (holder: Holder | undefined) => void }} options `onWait` is called once, when there is somebody to wait for
 * @returns {Promise<T>}
 */
export async function withLock(path, work, { signal, onWait }) {
  /** @type {Holder} */
  const own = { token: randomUUID(), host: hostname(), pid: process.pid, tool: null }
  await acquire(path, own, { signal, onWait })

  const lost = new AbortController()
  const isOurs = () => read(path)?.token === own.token
  const beat = setInterval(() => {
    if (isOurs()) touch(path)
    else lost.abort(new Error('Another process took the set-up over.'))
  }, BEAT_MS)
  try {
    return await work({
      lost: lost.signal,
      noteTool: (tool) => {
        if (isOurs()) replace(path, { ...own, tool })
      },
    })
  } finally {
    clearInterval(beat)
    if (isOurs()) rmSync(path, { force: true })
  }
}

/**
 * @param {string} path
 * @param {Holder} own
 * @param {{ signal: AbortSignal, onWait: (holder: Holder | undefined) => void }} options
 */
async function acquire(path, own, { signal, onWait }) {
  let waited = false
  let watchedSince = Date.now()
  let lastBeat = 0
  for (;;) {
    try {
      writeFileSync(path, JSON.stringify(own), { flag: 'wx' })
      return
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    const beat = touchedAt(path)
    if (beat === undefined) continue
    if (beat !== lastBeat) {
      lastBeat = beat
      watchedSince = Date.now()
    }
    const holder = read(path)
    if (isAbandoned(holder, beat, watchedSince)) {
      removeAbandoned(path, holder, beat)
      continue
    }
    if (!waited) onWait(holder)
    waited = true
    await delay(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/**
 * @param {Holder | undefined} holder undefined when the file is not readable as a lock
 * @param {number} beat
 * @param {number} watchedSince
 */
function isAbandoned(holder, beat, watchedSince) {
  const silentFor = Date.now() - beat
  if (holder === undefined) return silentFor > WRITING_MS
  if (holder.host === hostname() && !isAlive(holder.pid)) return holder.tool === null || !isAlive(holder.tool)
  // A machine that slept wakes with an old beat, and its holder needs a moment to beat again: so two conditions.
  return silentFor > SILENCE_MS && Date.now() - watchedSince > 2.5 * BEAT_MS
}

/**
 * Removes the lock if it is still the one that was judged. Two waiters may judge the same lock, and the second must not
 * remove the lock that the first has meanwhile made: so only one of them at a time looks again and removes.
 * @param {string} path
 * @param {Holder | undefined} judged
 * @param {number} beat when the judged lock was last touched
 */
function removeAbandoned(path, judged, beat) {
  const guard = `${path}.takeover`
  try {
    mkdirSync(guard)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    const since = touchedAt(guard)
    if (since !== undefined && Date.now() - since > WRITING_MS)
      rmSync(guard, { recursive: true, force: true })
    return
  }
  try {
    if (read(path)?.token === judged?.token && touchedAt(path) === beat) rmSync(path, { force: true })
  } finally {
    rmdirSync(guard)
  }
}

/**
 * @param {string} path
 * @returns {Holder | undefined}
 */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

/**
 * @param {string} path
 * @param {Holder} holder
 */
function replace(path, holder) {
  const temporary = `${path}.${holder.token}`
  writeFileSync(temporary, JSON.stringify(holder))
  renameSync(temporary, path)
}

/** @param {string} path */
function touch(path) {
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    // It was just taken over; the next beat finds that out.
  }
}

/** @param {string} path */
function touchedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
