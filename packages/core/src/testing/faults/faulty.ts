/** A call of a port's method, as a fault sees it. */
export interface PortCall<Parameters extends readonly unknown[] = readonly unknown[], Result = unknown> {
  readonly method: string
  /** 1 for the first call of this method. */
  readonly n: number
  readonly parameters: Parameters
  /** Makes the call after all, or calls the fault behind this one. */
  proceed(): Result
}

/** What becomes of a call: it gives the call's result, from `proceed()` or in its own way. Faults are composed as functions are. */
export type Fault<Parameters extends readonly unknown[] = readonly unknown[], Result = unknown> = (
  call: PortCall<Parameters, Result>,
) => Result

/** Faults by method. A fault must give what its method gives: a method of promises cannot be planned to return none. */
export type FaultPlan<Port extends object> = {
  readonly [Name in keyof Port]?: NonNullable<Port[Name]> extends (
    ...parameters: infer Parameters
  ) => infer Result
    ? Fault<Parameters, Result>
    : never
}

/** A port that fails as planned, and what was asked of it. */
export interface Faulty<Port extends object> {
  readonly port: Port
  /** Every call of every method, in order, faults included. */
  readonly calls: readonly Omit<PortCall, 'proceed'>[]
  /** How often a method was called. */
  count(method: keyof Port): number
}

/**
 * Wraps a port, ours or a host's own, so that its methods fail as planned. What is not planned goes through; properties are the
 * port's own, also when they are set.
 *
 * @example
 * const { port: journal } = faulty(memoryJournal(), { commit: onCall(3, rejects(systemError('ENOSPC'))) })
 */
export function faulty<Port extends object>(port: Port, plan: FaultPlan<Port> = {}): Faulty<Port> {
  const calls: Omit<PortCall, 'proceed'>[] = []
  const counts = new Map<string, number>()
  const planned = new Map<string, unknown>(Object.entries(plan))
  const wrapped = interceptCalls(port, ({ method, parameters, proceed }) => {
    const n = (counts.get(method) ?? 0) + 1
    counts.set(method, n)
    calls.push({ method, n, parameters })
    const fault = planned.get(method)
    // The plan's type ties each fault to the method of its name.
    return typeof fault === 'function' ? (fault as Fault)({ method, n, parameters, proceed }) : proceed()
  })
  return { port: wrapped, calls, count: (method) => counts.get(String(method)) ?? 0 }
}

/** The same port with a say in every call of a method: what `intercept` gives is the result of the call. */
export function interceptCalls<Port extends object>(
  port: Port,
  intercept: (call: Omit<PortCall, 'n'>) => unknown,
): Port {
  const wrappers = new Map<PropertyKey, { readonly method: unknown; readonly wrapper: unknown }>()
  // The proxy stands before an empty object that inherits from the port: before a frozen port itself it could change nothing.
  return new Proxy(Object.create(port) as Port, {
    get(_, property) {
      // Getters and methods of classes with private fields need the port itself as `this`.
      const method: unknown = Reflect.get(port, property)
      if (typeof method !== 'function' || property === 'constructor') return method
      const known = wrappers.get(property)
      if (known?.method === method) return known.wrapper
      const wrapper = (...parameters: unknown[]): unknown =>
        intercept({
          method: String(property),
          parameters,
          proceed: (): unknown => Reflect.apply(method, port, parameters),
        })
      wrappers.set(property, { method, wrapper })
      return wrapper
    },
    set: (_, property, value) => Reflect.set(port, property, value),
    ownKeys: () => Reflect.ownKeys(port),
    getOwnPropertyDescriptor: (_, property) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(port, property)
      return descriptor === undefined ? undefined : { ...descriptor, configurable: true }
    },
  })
}
