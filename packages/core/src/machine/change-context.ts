import type { JsonObject } from '../json/json.js'
import type { SagaDefinition } from '../saga/saga-definition.js'
import type { SagaContext } from './saga-context.js'

/** Makes changes to a context, with the saga's facts computed anew. */
export type Change = (context: SagaContext, changes: Partial<SagaContext>) => Partial<SagaContext>

/** {@link Change} for a saga. */
export function changeOf<Facts extends JsonObject>(saga: SagaDefinition<Facts>): Change {
  return (context, changes) => {
    const { input = context.input, outputs = context.outputs, checkpoints = context.checkpoints } = changes
    return Object.assign({}, changes, saga.facts({ input, outputs, checkpoints }))
  }
}

/** A copy of a record with an entry more, or another. A spread with a computed name takes five times as long. */
export function withEntry<Value>(
  record: Readonly<Record<string, Value>>,
  name: string,
  value: Value,
): Readonly<Record<string, Value>> {
  return Object.assign({}, record, { [name]: value })
}
