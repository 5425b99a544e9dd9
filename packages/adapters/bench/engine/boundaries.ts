import { readFileSync } from 'node:fs'
import type { Journal } from '@holdfast/core'

/** How often a journal was asked to make something durable. */
export interface JournalCounts {
  commits: number
  /** All writes of those commits. */
  writes: number
  /** Leases taken and renewed outside a commit, each a transaction of its own. */
  leases: number
}

/** A journal that counts, and passes everything on. */
export function counting(journal: Journal): { readonly journal: Journal; readonly counts: JournalCounts } {
  const counts: JournalCounts = { commits: 0, writes: 0, leases: 0 }
  return {
    counts,
    journal: {
      ...journal,
      commit: (writes) => {
        counts.commits++
        counts.writes += writes.length
        return journal.commit(writes)
      },
      claim: (runs) => {
        counts.leases++
        return journal.claim(runs)
      },
      renew: (leases) => {
        counts.leases++
        return journal.renew(leases)
      },
    },
  }
}

/**
 * Transactions in a write-ahead log, read from the file itself: the frames that end one carry the size of the database
 * (sqlite.org/fileformat2.html, "The WAL File Format"). True while no checkpoint has let the log begin anew.
 */
export function transactionsInWal(path: string): number {
  const wal = readFileSync(path)
  if (wal.length < 32) return 0
  const pageSize = wal.readUInt32BE(8)
  const salt = wal.readBigUInt64BE(16)
  let transactions = 0
  for (let frame = 32; frame + 24 + pageSize <= wal.length; frame += 24 + pageSize) {
    // Frames of an earlier round of the log have another salt, and no longer count.
    if (wal.readBigUInt64BE(frame + 8) !== salt) break
    if (wal.readUInt32BE(frame + 4) !== 0) transactions++
  }
  return transactions
}
