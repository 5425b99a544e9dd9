import type { Person } from '../contacts/people.js'
import type { BackupWriter } from '../folder/backup-writer.js'
import { generations } from '../folder/generations.js'
import type { ResolvedOptions } from '../options.js'
import { type TruthCollector, unreadableTruth } from '../truth.js'
import { callsFile } from '../well-known-files.js'
import { callRecord, planCalls } from './call-plan.js'
import { hasParticipants, hasProvider, writeCallsDatabase } from './calls-database.js'

/** Writes the call history into a backup, where it is to have one, and tells the truth of it. */
export async function writeCalls(
  options: ResolvedOptions,
  backup: BackupWriter,
  people: readonly Person[],
  truth: TruthCollector,
): Promise<void> {
  const { schema: version, openSqlite, anomalies, random } = options
  if (options.calls === 0) return
  const { takenAt } = generations[version]
  const unreadable = anomalies.unreadableCalls
  const calls = planCalls(random.fork('calls'), options.calls, { people, takenAt, unreadable })
  writeCallsDatabase(backup.blobPath(callsFile), calls, { openSqlite, version })
  await backup.adoptFile(callsFile)
  const columns = { withProvider: hasProvider(version), withParticipants: hasParticipants(version) }
  const seen = new Set<string>()
  for (const call of calls) {
    truth.call(callRecord(call, columns, seen) ?? unreadableTruth('call', 'ZCALLRECORD', call.pk))
  }
}
