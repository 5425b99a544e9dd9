import type { ResolvedRetryPolicy } from '../time/backoff.js'

/**
 * When an event happened, as the driver of the machine may tell with it, because a machine has no clock. The durable runner tells
 * what its journal says, so that the same entries decide the same for ever; under `createActor` nobody tells.
 */
export interface EventTime {
  /** Unix milliseconds. */
  readonly at?: number
  /** Unix milliseconds at which the actor was started whose result the event is. */
  readonly startedAt?: number
}

/** For how long the tries of a policy have gone on, as far as events tell. */
export type TrySpan = {
  /** Milliseconds from the first try until `at`. */
  readonly elapsed: number
  /** Unix milliseconds of the last event that counted; null when it did not say. */
  readonly at: number | null
}

/** The span of tries before the first one has ended. */
export const noSpan: TrySpan = { elapsed: 0, at: null }

/** The span once the first try has ended: it reaches back to when that was started. */
export function beginSpan(event: unknown): TrySpan {
  const { at, startedAt } = timeOf(event)
  return { elapsed: at === null || startedAt === null ? 0 : Math.max(0, at - startedAt), at }
}

/**
 * The span after a further event. A wall clock that was set back takes nothing away. When events do not tell their time, `pause`
 * has passed: what the machine itself waited for.
 */
export function extendSpan(span: TrySpan, event: unknown, pause: number): TrySpan {
  const { at } = timeOf(event)
  const passed = at === null || span.at === null ? pause : Math.max(0, at - span.at)
  return { elapsed: span.elapsed + passed, at }
}

/** Whether a try may begin when `pause` milliseconds more have passed. */
export function allowsTry(policy: ResolvedRetryPolicy, span: TrySpan, pause: number): boolean {
  return span.elapsed + pause <= policy.deadline
}

function timeOf(event: unknown): { readonly at: number | null; readonly startedAt: number | null } {
  if (typeof event !== 'object' || event === null) return { at: null, startedAt: null }
  return {
    at: 'at' in event && typeof event.at === 'number' ? event.at : null,
    startedAt: 'startedAt' in event && typeof event.startedAt === 'number' ? event.startedAt : null,
  }
}

/** Whether a policy has a deadline: only then does a chart show the ways that lead from it. */
export function hasDeadline(policy: ResolvedRetryPolicy): boolean {
  return Number.isFinite(policy.deadline)
}
