import { HoldfastError } from '../errors/holdfast-error.js'
import type { Json } from '../json/json.js'
import { checkOptions, rule } from '../options/check-options.js'

/**
 * How a run that one version of a saga started goes on under the next one. The journal keeps what happened in the old words; this
 * says what they mean in the new ones. Everything is by name, in this order: steps are renamed or dropped, values are
 * converted, added steps count as done.
 *
 * @example
 * // Version 2 has renamed a step, and scans for viruses before it stores.
 * migrations: { 1: { steps: { fetch: 'extract' }, added: { scan: { after: 'extract', output: () => ({ found: 0 }) } } } }
 */
export interface Migration {
  /** New names of steps by their old ones; null for a step that is gone. @default all keep their names */
  readonly steps?: Readonly<Record<string, string | null>>
  /** Converts the input of the run. @default as it is */
  readonly input?: (input: Json) => Json
  /** Convert outputs, by new names of steps. @default as they are */
  readonly outputs?: Readonly<Record<string, (output: Json) => Json>>
  /** Convert checkpoints, by new names of steps. @default as they are */
  readonly checkpoints?: Readonly<Record<string, (checkpoint: Json) => Json>>
  /**
   * Steps that the old version did not have, by their new names. A run that has come further than the step `after` which they follow
   * has them behind it, with this output; one that has not runs them.
   * @default none
   */
  readonly added?: Readonly<Record<string, { readonly after: string; readonly output: () => Json }>>
}

const migrationRules = {
  steps: rule.object,
  input: rule.function,
  outputs: rule.object,
  checkpoints: rule.object,
  added: rule.object,
}
const addedRules = { after: rule.string, output: rule.function }

/**
 * Checks the migrations of a saga, by the version that they start from.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SAGA_INVALID`.
 */
export function checkMigrations(
  version: number,
  migrations: Readonly<Record<number, Migration>>,
  steps: ReadonlySet<string>,
): ReadonlyMap<number, Migration> {
  const checked = new Map<number, Migration>()
  for (const [key, migration] of Object.entries(migrations)) {
    const from = Number(key)
    const name = `migration of version ${key}`
    if (!Number.isInteger(from) || from < 0 || from >= version)
      throw invalid(`${name}: it must be a version before ${version}`)
    checkOptions(name, migration, migrationRules)
    for (const [step, added] of Object.entries(migration.added ?? {})) {
      checkOptions(`${name}, added step '${step}'`, added, addedRules, ['after', 'output'])
    }
    checked.set(from, migration)
  }
  // What the last migration speaks of are the steps of this version.
  const last = checked.get(version - 1)
  const spoken = [
    ...Object.values(last?.steps ?? {}).filter((step) => step !== null),
    ...Object.keys(last?.outputs ?? {}),
    ...Object.keys(last?.checkpoints ?? {}),
    ...Object.entries(last?.added ?? {}).flatMap(([step, { after }]) => [step, after]),
  ]
  const unknown = spoken.find((step) => !steps.has(step))
  if (unknown !== undefined) throw invalid(`the migration to version ${version} names a step '${unknown}'`)
  return checked
}

function invalid(message: string): HoldfastError {
  return new HoldfastError('SAGA_INVALID', message, { retryable: false })
}
