import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname, uptime } from 'node:os'

/**
 * Who holds a lease: a machine, one boot of it, one process, and one journal object in it.
 * A pid alone is not enough: it is given again, after a reboot or simply later.
 */
export type Holder = {
  readonly host: string
  readonly boot: string
  readonly pid: number
  /** When the process started, in clock ticks since boot, where the system tells (Linux); null elsewhere. */
  readonly started: string | null
  readonly instance: string
}

// Instances of this process whose journal is still open: their pid is alive by definition, but they may be closed.
const openInstances = new Set<string>()

/** A holder for a journal that this process opens now. */
export function newHolder(): Holder {
  const instance = randomUUID()
  openInstances.add(instance)
  return { host: hostname(), boot: bootId(), pid: process.pid, started: startOf(process.pid), instance }
}

/** The journal of this holder was closed. */
export function forgetHolder(holder: Holder): void {
  openInstances.delete(holder.instance)
}

/** Whether the holder is known to be gone. On another machine nobody can know: only the lease's expiry tells. */
export function isDead(holder: Holder): boolean {
  if (holder.host !== hostname()) return false
  if (holder.boot !== bootId()) return true
  if (holder.pid === process.pid && holder.started === startOf(process.pid))
    return !openInstances.has(holder.instance)
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // EPERM: the process is there, and somebody else's.
    return !(error instanceof Error && 'code' in error && error.code === 'EPERM')
  }
  // The pid is in use; by the same process only if it started at the same moment.
  return holder.started !== null && startOf(holder.pid) !== holder.started
}

let cachedBoot: string | undefined

/** Tells one boot of this machine from another: the kernel's id on Linux, the time of boot to ten seconds elsewhere. */
function bootId(): string {
  cachedBoot ??= readKernelBootId() ?? `booted-${Math.round((Date.now() / 1000 - uptime()) / 10)}`
  return cachedBoot
}

function readKernelBootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return null
  }
}

/** Field 22 of /proc/<pid>/stat; the command in field 2 may hold spaces and parentheses, so fields are counted behind its end. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie has ended, whoever has not yet collected it.
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? null)
  } catch {
    return null
  }
}
