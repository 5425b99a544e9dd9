import { countsOf, type ImportCounts, type OutcomeCounts, type Receipt } from '@holdfast/core/import'

/** Whether a run found its backup unchanged since another run imported it, whose receipt it ended with. */
export function wasUnchanged(receipt: Receipt, run: string): boolean {
  return receipt.import !== run
}

/** What became of the items of a run: all that another run stored of an unchanged backup, this one found present. */
export function countsOfRun(receipt: Receipt, run: string): ImportCounts {
  const counts = countsOf(receipt)
  if (!wasUnchanged(receipt, run)) return counts
  const found = <Counts extends OutcomeCounts>(each: Counts): Counts => ({
    ...each,
    stored: 0,
    present: each.present + each.stored,
  })
  return {
    chats: found(counts.chats),
    messages: found(counts.messages),
    contacts: found(counts.contacts),
    calls: found(counts.calls),
    voicemails: found(counts.voicemails),
    attachments: found(counts.attachments),
  }
}
