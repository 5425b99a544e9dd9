import { HoldfastError } from '../errors/holdfast-error.js'
import type { NamedStep } from '../saga/saga-definition.js'
import type { SagaContext } from './saga-context.js'

/** What the order of a saga's steps, its pivot and its undos mean for a run at one of them. */
export class SagaOrder {
  readonly steps: readonly NamedStep[]

  constructor(steps: readonly NamedStep[]) {
    this.steps = steps
  }

  step(name: string): NamedStep {
    const found = this.steps.find((step) => step.name === name)
    if (found === undefined) throw new HoldfastError('SAGA_INVALID', `the saga has no step '${name}'`)
    return found
  }

  /** Those of the steps that have an undo. */
  undoable(names: readonly string[]): readonly string[] {
    return names.filter((name) => this.step(name).compensate !== null)
  }

  /** The first step that has not finished: where a parked run goes on. */
  next({ finished }: SagaContext): string | undefined {
    return this.steps.find(({ name }) => !finished.includes(name))?.name
  }

  isPastPivot(step: NamedStep): boolean {
    const pivot = this.steps.findIndex((candidate) => candidate.pivot)
    return pivot !== -1 && this.steps.indexOf(step) > pivot
  }

  /** The steps whose work a failure of `step` with one of its codes refutes: from the one that it names up to the one before it. */
  refuted({ name, verifies }: NamedStep): readonly string[] {
    const names = this.steps.map((step) => step.name)
    return verifies === null ? [] : names.slice(names.indexOf(verifies.from), names.indexOf(name))
  }

  /** What a discard has to undo. */
  traces({ step, finished, undo }: SagaContext): readonly string[] {
    // The present step comes first, also one that was undone when it failed: what it kept for the next attempt goes as well
    // when there will be none. What an undo under way has still before it is no longer finished, and not yet undone.
    return this.undoable([...new Set([step, ...(undo?.queue ?? []), ...finished.toReversed()])])
  }

  /** Whether something is to be undone when a run is discarded at this step. */
  leavesTraces(step: NamedStep): boolean {
    return this.steps.slice(0, this.steps.indexOf(step) + 1).some(({ compensate }) => compensate !== null)
  }

  /** Whether nothing is left to be undone once this step has found the work of all those wrong that have an undo. */
  mayBeTraceless(step: NamedStep): boolean {
    const from = this.steps.findIndex(({ name }) => name === step.verifies?.from)
    const before = this.steps[from - 1]
    return from !== -1 && step.compensate === null && (before === undefined || !this.leavesTraces(before))
  }
}
