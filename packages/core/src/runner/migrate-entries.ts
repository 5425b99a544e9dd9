import { HoldfastError } from '../errors/holdfast-error.js'
import type { Entry, EntryBody } from '../journal/entry.js'
import type { Migration } from '../saga/migration.js'
import type { SagaDefinition } from '../saga/saga-definition.js'

/**
 * The entries of a run in the words of the present version of its saga: every stretch that an older version wrote is converted by
 * each migration on the way. Pure. What has no counterpart is left out; what stands for an added step comes with the number of the
 * entry that it follows.
 */
export function inPresentWords(
  { version, migrations }: Pick<SagaDefinition, 'version' | 'migrations'>,
  writtenBy: number,
  entries: readonly Entry[],
): readonly Entry[] {
  const convert = (older: readonly Entry[], from: number, to: number): readonly Entry[] => {
    let converted = older
    for (let step = from; step < to; step++) converted = migrate(converted, migrations.get(step) ?? {})
    return converted
  }
  let words: readonly Entry[] = []
  for (const entry of entries) {
    const { body } = entry
    words = body.type === 'run.migrated' ? convert(words, body.from, body.to) : [...words, entry]
  }
  return convert(words, writtenBy, version)
}

function migrate(entries: readonly Entry[], migration: Migration): readonly Entry[] {
  try {
    return inNextWords(entries, migration)
  } catch (error) {
    throw new HoldfastError('RUN_MIGRATION_FAILED', 'A migration of the saga failed', {
      hint: 'Mend the migration, and recover the run: nothing of it was changed.',
      retryable: false,
      cause: error,
      facts: { problem: error instanceof Error ? error.message : String(error) },
    })
  }
}

function inNextWords(entries: readonly Entry[], migration: Migration): readonly Entry[] {
  const { added = {} } = migration
  const words = entries.flatMap((entry) => {
    const body = convertBody(entry.body, migration)
    return body === null ? [] : [{ ...entry, body }]
  })
  for (const [step, { after, output }] of Object.entries(added)) {
    const finished = words.findLastIndex(({ body }) => body.type === 'step.succeeded' && body.step === after)
    const cameFurther = words
      .slice(finished + 1)
      .some(({ body }) => body.type.startsWith('step.') && 'step' in body && body.step !== after)
    if (finished === -1 || !cameFurther) continue
    const { seq, at } = words[finished] ?? { seq: 0, at: 0 }
    words.splice(finished + 1, 0, { seq, at, body: { type: 'step.succeeded', step, output: output() } })
  }
  return words
}

/** An entry in the words of the next version; null when it is about a step that is gone. */
function convertBody(body: EntryBody, migration: Migration): EntryBody | null {
  const { steps = {}, input, outputs = {}, checkpoints = {} } = migration
  if (body.type === 'run.started') return input === undefined ? body : { ...body, input: input(body.input) }
  if (!('step' in body)) return body
  const step = Object.hasOwn(steps, body.step) ? steps[body.step] : body.step
  if (step === null || step === undefined) return null
  const renamed = { ...body, step }
  if (renamed.type === 'step.succeeded') {
    const convert = outputs[step]
    return convert === undefined ? renamed : { ...renamed, output: convert(renamed.output) }
  }
  if (renamed.type === 'step.checkpoint') {
    const convert = checkpoints[step]
    return convert === undefined ? renamed : { ...renamed, value: convert(renamed.value) }
  }
  return renamed
}
