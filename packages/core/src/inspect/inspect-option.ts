import { type InspectionEvent, type Observer, toObserver } from 'xstate'
import type { AnySaga } from '../machine/define-saga.js'
import { checkOptions } from '../options/check-options.js'
import { definitionOf } from './definition.js'
import { type Redaction, redactionRule, redactorFor } from './redact.js'
import { type InspectedRun, type Inspecting, RunInspection } from './run-inspection.js'

/** Whoever takes XState's inspection events: what `createActor` takes as its `inspect`, and `@statelyai/inspect` gives as such. */
export type InspectionObserver = Observer<InspectionEvent> | ((event: InspectionEvent) => void)

/** An observer, and what it is shown. */
export interface InspectOptions {
  readonly observer: InspectionObserver
  /** @default nothing that could tell a person: see docs/inspection.md */
  readonly redact?: Redaction
}

const inspectRules = {
  observer: {
    must: 'be a function or an object with a function `next`',
    test: (value: unknown) => isObserver(value),
  },
  redact: redactionRule,
}

/**
 * Makes the inspections of a runner's runs.
 *
 * @param onError told what the observer or the redaction threw: neither may stop a run
 * @throws HoldfastError `OPTION_UNKNOWN`, `OPTION_INVALID`.
 */
export function inspectRuns(
  inspect: InspectionObserver | InspectOptions,
  onError: (error: unknown) => void,
): (saga: AnySaga, state: InspectedRun) => RunInspection {
  const { observer, redact } = isObserver(inspect)
    ? { observer: inspect, redact: undefined }
    : checked(inspect)
  const { next } = toObserver(observer)
  const tell = (event: InspectionEvent): void => {
    try {
      next?.(event)
    } catch (error) {
      onError(error)
    }
  }
  const known = new WeakMap<AnySaga, Inspecting>()
  return (saga, state) => {
    const inspecting = known.get(saga) ?? {
      definition: definitionOf(saga.machine),
      redactor: redactorFor(saga.definition, redact),
      tell,
      onError,
    }
    known.set(saga, inspecting)
    return new RunInspection(state, inspecting)
  }
}

function checked(inspect: InspectOptions): InspectOptions {
  checkOptions('inspect', inspect, inspectRules, ['observer'])
  return inspect
}

function isObserver(value: unknown): value is InspectionObserver {
  if (typeof value === 'function') return true
  return typeof value === 'object' && value !== null && 'next' in value && typeof value.next === 'function'
}
