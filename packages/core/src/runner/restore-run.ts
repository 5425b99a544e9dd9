import { type ErrorReport, HoldfastError } from '../errors/holdfast-error.js'
import type { Entry } from '../journal/entry.js'
import type { Journal, RunHeader, RunIdentity, RunRecord } from '../journal/journal.js'
import type { AnySaga } from '../machine/define-saga.js'
import { inPresentWords } from './migrate-entries.js'
import { readState } from './run-snapshot.js'
import { applyEntry, foldEntries, type RunState } from './run-state.js'

/**
 * The state of a run from what the journal has of it: from its snapshot and the entries since where there is one that can be read,
 * else from all entries. A run of an older version of its saga comes back as its migrations make it; its journal is as it was.
 *
 * @throws HoldfastError `JOURNAL_DAMAGED`, `RUN_MIGRATION_FAILED`, `SAGA_UNKNOWN` for a version without a migration, `JOURNAL_FAILED`.
 */
export async function restoreRun(saga: AnySaga, record: RunRecord, journal: Journal): Promise<RunState> {
  const { header, snapshot } = record
  const run = identityOf(header)
  requireVersion(saga, header)
  if (snapshot !== null) {
    const state = readState(saga, run, snapshot)
    if (state !== null) return foldEntries(saga, run, record.entries, state)
  }
  const entries = snapshot === null ? record.entries : await journal.entries(run.id)
  const isOld =
    run.version !== saga.definition.version || entries.some(({ body }) => body.type === 'run.migrated')
  return isOld ? foldMigrated(saga, run, entries) : foldEntries(saga, run, entries)
}

/** Which versions a run can go on under. */
export function requireVersion(saga: AnySaga, { version }: Pick<RunHeader, 'version'>): void {
  const { name, version: present, migrations } = saga.definition
  for (let from = version; from < present; from++) {
    if (migrations.has(from)) continue
    throw new HoldfastError(
      'SAGA_UNKNOWN',
      `The run was started by version ${version} of saga '${name}', and nothing says how it goes on under version ${present}`,
      { hint: 'Finish it with the version that started it, or declare a migration.', retryable: false },
    )
  }
  if (version <= present) return
  throw new HoldfastError(
    'SAGA_UNKNOWN',
    `The run was started by version ${version} of saga '${name}'; this is version ${present}`,
    { hint: 'Update the app. Nothing was changed.', retryable: false },
  )
}

/** What identifies a run, without what changes. */
export function identityOf(header: RunHeader): RunIdentity {
  const { id, saga, version, key, owner, resources, startedAt } = header
  return { id, saga, version, key, owner, resources, startedAt }
}

/** Folds what the migrations make of older entries. What a host or a timer asked of a step that is gone means nothing any more. */
function foldMigrated(saga: AnySaga, run: RunIdentity, entries: readonly Entry[]): RunState {
  const identity = { ...run, version: saga.definition.version }
  let state: RunState | null = null
  for (const { seq, at, body } of inPresentWords(saga.definition, run.version, entries)) {
    const applied = applyEntry(saga, identity, state, { seq: (state?.seq ?? 0) + 1, at, body })
    if (applied.matters) state = applied.state
    else if (!isRequest(body.type)) throw migrationFailed(run, `entry ${seq} ('${body.type}') means nothing`)
  }
  const last = entries.at(-1)
  if (state === null || last === undefined) throw migrationFailed(run, 'nothing is left of it')
  return { ...state, seq: last.seq, updatedAt: last.at }
}

function isRequest(type: Entry['body']['type']): boolean {
  return (
    type === 'timer.fired' || type.endsWith('.requested') || type === 'run.asked' || type === 'run.answered'
  )
}

function migrationFailed(run: RunIdentity, what: string, facts: ErrorReport['facts'] = {}): HoldfastError {
  return new HoldfastError('RUN_MIGRATION_FAILED', `Run '${run.id}' does not fit the new version: ${what}`, {
    hint: 'The run is set aside; nothing of it is changed. Correct the migration, or finish the run with the old version.',
    retryable: false,
    facts: { run: run.id, ...facts },
  })
}
