import { readFileSync } from 'node:fs'
import { hostname, uptime } from 'node:os'
import { systemCodeOf } from '@holdfast/core'

/** One process of one boot of one machine. A pid alone is not enough: it is given again, after a reboot or simply later. */
export type ProcessIdentity = {
  readonly host: string
  readonly boot: string
  readonly pid: number
  /** When the process started, in clock ticks since boot, where the system tells (Linux); null elsewhere. */
  readonly started: string | null
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  return identityOf(process.pid)
}

/** A process of this machine that is there, such as a child. */
export function identityOf(pid: number): ProcessIdentity {
  return { host: hostname(), boot: bootId(), pid, started: startOf(pid) }
}

/** Whether `identity` is this very process. */
export function isThisProcess({ host, boot, pid, started }: ProcessIdentity): boolean {
  return host === hostname() && boot === bootId() && pid === process.pid && started === startOf(process.pid)
}

/** Whether a process is known to have ended. Of one on another machine nobody can know. */
export function hasEnded({ host, boot, pid, started }: ProcessIdentity): boolean {
  if (host !== hostname()) return false
  if (boot !== bootId()) return true
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: the process is there, and somebody else's.
    return systemCodeOf(error) !== 'EPERM'
  }
  // The pid is in use; by the same process only if it started at the same moment.
  return started !== null && startOf(pid) !== started
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
