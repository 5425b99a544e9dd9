import { availableParallelism } from 'node:os'

/** Does something with every item, as many at a time as there are processors. The first that fails ends it. */
export async function inParallel<Item>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: Math.min(8, availableParallelism()) }, worker))
}
