import { randomUUID } from 'node:crypto'
import { hasEnded, isThisProcess, type ProcessIdentity, thisProcess } from '../../process/process-identity.js'

/** Who holds a lease: a process, and one journal object in it. */
export type Holder = ProcessIdentity & { readonly instance: string }

// Instances of this process whose journal is still open: their pid is alive by definition, but they may be closed.
const openInstances = new Set<string>()

/** A holder for a journal that this process opens now. */
export function newHolder(): Holder {
  const instance = randomUUID()
  openInstances.add(instance)
  return { ...thisProcess(), instance }
}

/** The journal of this holder was closed. */
export function forgetHolder(holder: Holder): void {
  openInstances.delete(holder.instance)
}

/** Whether the holder is known to be gone. On another machine nobody can know: only the lease's expiry tells. */
export function isDead(holder: Holder): boolean {
  return isThisProcess(holder) ? !openInstances.has(holder.instance) : hasEnded(holder)
}
