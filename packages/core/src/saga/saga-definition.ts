import { HoldfastError } from '../errors/holdfast-error.js'
import { canonicalJson, type Json, type JsonObject } from '../json/json.js'
import { checkOptions, rule } from '../options/check-options.js'
import type { ResolvedRetryPolicy, RetryPolicy } from '../time/backoff.js'
import { checkMigrations, type Migration } from './migration.js'
import { resolveRetry } from './retry-policy.js'
import type { ResolvedStep, Step } from './step.js'

/** What is known of a run when its facts are computed. */
export interface RunKnowledge {
  readonly input: Json
  /** Outputs of finished steps, by name. */
  readonly outputs: JsonObject
  /** Last checkpoints, by step name. */
  readonly checkpoints: JsonObject
}

/** What a hook is given. */
export interface HookContext {
  readonly run: string
  readonly owner: string
  readonly input: Json
  output<Output>(step: Step<Output>): Output
}

/** Something to do after a run is done: link the messages, tell the user. Retried; never changes the outcome. */
export interface Hook {
  readonly run: (context: HookContext) => unknown
  /** A `deadline` is refused: a hook that is owed is not dropped because time went by. @default five tries */
  readonly retry?: RetryPolicy
}

/** What a saga is made of. */
export interface SagaOptions<Facts extends JsonObject = JsonObject> {
  /** Name that journals keep: choose it once. */
  readonly name: string
  /** Version of the definition; a run goes on under a newer one only by its `migrations`. */
  readonly version: number
  /** Steps in the order in which they run, by name. */
  readonly steps: Readonly<Record<string, Step>>
  /**
   * Checks and completes what `start` was given; what it returns is journaled as the run's input.
   * Throwing refuses the start, before anything is written.
   */
  readonly input?: (given: unknown) => Json
  /** Names of what a run must have for itself, such as `device:<udid>`: two runs never share one. @default none */
  readonly resources?: (input: Json) => readonly string[]
  /**
   * What makes two runs of one owner the same piece of work: starting it again joins the run under way.
   * @default the whole input
   */
  readonly key?: (input: Json) => string
  /** Facts that views, outcomes and the parked state show at their top level, from what is known so far. @default none */
  readonly facts?: (known: RunKnowledge) => Facts
  /** Hooks after `done`, by name. @default none */
  readonly hooks?: Readonly<Record<string, Hook>>
  /** How runs that an older version started go on, by that version: each leads to the next one. @default they are set aside */
  readonly migrations?: Readonly<Record<number, Migration>>
}

/** A step with its name, and those of the steps that it speaks of. */
export interface NamedStep extends Omit<ResolvedStep, 'verifies'> {
  readonly name: string
  readonly verifies: { readonly from: string; readonly codes: readonly string[] } | null
}

/** A checked saga, as the machine is made from it and the runner drives it. */
export interface SagaDefinition<Facts extends JsonObject = JsonObject> {
  readonly name: string
  readonly version: number
  readonly steps: readonly NamedStep[]
  readonly nameOf: (step: Step) => string | undefined
  readonly input: (given: unknown) => Json
  readonly resources: (input: Json) => readonly string[]
  readonly key: (input: Json) => string
  readonly facts: (known: RunKnowledge) => Facts
  readonly hooks: readonly {
    readonly name: string
    readonly run: Hook['run']
    readonly retry: ResolvedRetryPolicy
  }[]
  readonly migrations: ReadonlyMap<number, Migration>
}

/** State names that belong to the engine. */
export const engineStates = ['compensating', 'retryable', 'stuck', 'done', 'discarded'] as const

const sagaRules = {
  name: rule.string,
  version: rule.count,
  steps: rule.object,
  input: rule.function,
  resources: rule.function,
  key: rule.function,
  facts: rule.function,
  hooks: rule.object,
  migrations: rule.object,
}
const hookRules = { run: rule.function, retry: rule.object }
const defaultHookRetry: RetryPolicy = { attempts: 5 }

// Dots would split XState's event and target names; the words go into journals, charts and command lines.
const nameShape = /^[a-z][a-z0-9-]*$/i

/**
 * Checks a saga and fills in its defaults.
 *
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`, `SAGA_INVALID`.
 */
export function checkSaga<Facts extends JsonObject>(options: SagaOptions<Facts>): SagaDefinition<Facts> {
  checkOptions('defineSaga', options, sagaRules, ['name', 'version', 'steps'])
  const names = new Map<Step, string>()
  const steps: NamedStep[] = []
  for (const [name, step] of Object.entries(options.steps)) {
    checkName('step', name)
    if (engineStates.some((state) => state === name)) {
      throw invalid(`'${name}' is a state of the engine and cannot name a step`)
    }
    const known = names.get(step)
    if (known !== undefined) throw invalid(`steps '${known}' and '${name}' are the same step object`)
    const { verifies } = step.definition
    const from = verifies === null ? undefined : names.get(verifies.from)
    if (verifies !== null && from === undefined)
      throw invalid(`step '${name}' verifies a step that is not before it`)
    names.set(step, name)
    steps.push({
      ...step.definition,
      name,
      verifies: verifies === null || from === undefined ? null : { from, codes: verifies.codes },
    })
  }
  checkName('saga', options.name)
  if (steps.length === 0) throw invalid('a saga needs at least one step')
  if (steps.filter((step) => step.pivot).length > 1) throw invalid('a saga has at most one pivot')
  const pivot = steps.findIndex((step) => step.pivot)
  const indexOf = (name: string | undefined): number =>
    name === undefined ? steps.length : steps.findIndex((step) => step.name === name)
  const behind = pivot === -1 ? undefined : steps.slice(pivot + 1).find((step) => step.compensate !== null)
  if (behind !== undefined)
    throw invalid(`step '${behind.name}' comes after the pivot, so nothing would ever undo it`)
  const late = steps.slice(pivot + 1).find(({ verifies }) => indexOf(verifies?.from) <= pivot)
  if (pivot !== -1 && late !== undefined)
    throw invalid(`step '${late.name}' comes after the pivot, and verifies what can no longer be undone`)
  const { input, resources, key, facts, hooks = {}, migrations = {} } = options
  return {
    name: options.name,
    version: options.version,
    steps,
    nameOf: (step) => names.get(step),
    // Without a check of its own a saga takes any JSON; the runner converts and refuses the rest.
    input: input ?? ((given) => given as Json),
    resources: resources ?? (() => []),
    key: key ?? canonicalJson,
    facts: facts ?? (() => ({}) as Facts),
    hooks: Object.entries(hooks).map(([name, hook]) => {
      checkOptions(`hook '${name}'`, hook, hookRules, ['run'])
      if (hook.retry?.deadline !== undefined) {
        throw invalid(`hook '${name}' has a retry deadline, and hooks end by their number of tries only`)
      }
      return { name, run: hook.run, retry: resolveRetry('retry', hook.retry ?? defaultHookRetry) }
    }),
    migrations: checkMigrations(options.version, migrations, new Set(steps.map(({ name }) => name))),
  }
}

function checkName(what: string, name: string): void {
  if (!nameShape.test(name)) {
    throw invalid(`${what} name '${name}' must be letters, digits and dashes, beginning with a letter`)
  }
  // Contexts hold things by these names: there, a name that every object has would always be there.
  if (name in {}) throw invalid(`${what} name '${name}' is one that every object has`)
}

function invalid(message: string): HoldfastError {
  return new HoldfastError('SAGA_INVALID', message, { retryable: false })
}
