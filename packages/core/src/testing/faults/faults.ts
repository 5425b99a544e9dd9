import type { Clock } from '../../time/clock.js'
import { atDeadline } from '../../time/deadline-timer.js'
import type { Fault, PortCall } from './faulty.js'
import type { Gate } from './gate.js'

/** Throws at once: for methods that return no promise. */
export function throws(error: unknown): () => never {
  return () => {
    // Whatever a host's port throws, an Error or not, must be possible here.
    throw error
  }
}

/** Rejects: for methods that return a promise. */
export function rejects(error: unknown): () => Promise<never> {
  return () => Promise.reject(error)
}

/** Returns a value instead of making the call. */
export function returns<Value>(value: Value): () => Value {
  return () => value
}

/** Resolves with a value instead of making the call, such as a {@link failure}: many services return those instead of throwing. */
export function resolves<Value>(value: Value): () => Promise<Value> {
  return () => Promise.resolve(value)
}

/**
 * Hangs until the gate is opened, and then makes the call; for ever without a gate. Rejects when an AbortSignal among the call's
 * parameters, or in the `signal` of one of them, aborts: as a well-behaved port does.
 */
export function hangs(gate?: Gate) {
  return async <Result>(call: PortCall<readonly unknown[], Promise<Result>>): Promise<Result> => {
    await unlessAborted(call, gate === undefined ? new Promise(() => {}) : gate.pass())
    return call.proceed()
  }
}

/** Makes the call after so many milliseconds of the clock. Ends early as {@link hangs} does. */
export function slow(milliseconds: number, clock: Clock) {
  return async <Result>(call: PortCall<readonly unknown[], Promise<Result>>): Promise<Result> => {
    const waited = new Promise<void>((resolve) => {
      atDeadline(clock, clock.now() + milliseconds, resolve)
    })
    await unlessAborted(call, waited)
    return call.proceed()
  }
}

/** For methods that return an async iterable: gives its first `items` items, and then throws. */
export function breaksAfter(items: number, error: unknown) {
  return <Item>(call: PortCall<readonly unknown[], AsyncIterable<Item>>): AsyncIterable<Item> =>
    interrupted(call, items, () => Promise.reject(error))
}

/** For methods that return an async iterable: gives its first `items` items, and then hangs as {@link hangs} does. */
export function hangsAfter(items: number, gate?: Gate) {
  return <Item>(call: PortCall<readonly unknown[], AsyncIterable<Item>>): AsyncIterable<Item> =>
    interrupted(call, items, () =>
      unlessAborted(call, gate === undefined ? new Promise(() => {}) : gate.pass()),
    )
}

/** Makes the call, and gives what `change` makes of its result: for ports that hand out further ports. */
export function changes<Result>(change: (result: Result) => Result) {
  return async (call: PortCall<readonly unknown[], Promise<Result>>): Promise<Result> =>
    change(await call.proceed())
}

// What these give is read off the method that they are planned for, not off the fault: one that only throws gives nothing.

/** The fault at the n-th call only; the others go through. */
export function onCall<Parameters extends readonly unknown[], Result>(
  n: number,
  fault: Fault<Parameters, NoInfer<Result>>,
): Fault<Parameters, Result> {
  return when((call) => call.n === n, fault)
}

/** The fault at the n-th call and all later ones. */
export function fromCall<Parameters extends readonly unknown[], Result>(
  n: number,
  fault: Fault<Parameters, NoInfer<Result>>,
): Fault<Parameters, Result> {
  return when((call) => call.n >= n, fault)
}

/** The fault at the calls that the condition picks, by their number or their parameters; the others go through. */
export function when<Parameters extends readonly unknown[], Result>(
  condition: (call: PortCall<Parameters, Result>) => boolean,
  fault: Fault<Parameters, NoInfer<Result>>,
): Fault<Parameters, Result> {
  return (call) => (condition(call) ? fault(call) : call.proceed())
}

/** The first fault around the second around the third: where one proceeds, the next one is asked. */
export function inTurn<Parameters extends readonly unknown[], Result>(
  ...faults: readonly Fault<Parameters, NoInfer<Result>>[]
): Fault<Parameters, Result> {
  return (call) =>
    faults.reduceRight<() => Result>(
      (proceed, fault) => () => fault({ ...call, proceed }),
      () => call.proceed(),
    )()
}

async function* interrupted<Item>(
  call: PortCall<readonly unknown[], AsyncIterable<Item>>,
  items: number,
  interrupt: () => Promise<void>,
): AsyncIterable<Item> {
  let left = items
  if (left === 0) await interrupt()
  for await (const item of call.proceed()) {
    yield item
    left -= 1
    if (left === 0) await interrupt()
  }
}

/** Resolves with the promise; rejects when a signal that the call was given aborts first. */
function unlessAborted(call: Pick<PortCall, 'parameters'>, promise: Promise<void>): Promise<void> {
  const signal = call.parameters.map(signalOf).find((found) => found !== null)
  if (signal === undefined || signal === null) return promise
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

function signalOf(parameter: unknown): AbortSignal | null {
  if (parameter instanceof AbortSignal) return parameter
  if (typeof parameter !== 'object' || parameter === null || !('signal' in parameter)) return null
  return parameter.signal instanceof AbortSignal ? parameter.signal : null
}
