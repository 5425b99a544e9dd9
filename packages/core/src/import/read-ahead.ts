/**
 * Gives what `items` gives, and has each next one read while the caller works at the one before: so the processor and the disk do not wait
 * for each other. One item is read ahead at most. When the caller stops, nothing is being read any more.
 *
 * @throws what `items` throws, when its turn has come.
 */
export async function* readAhead<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item, void, undefined> {
  const source = items[Symbol.asyncIterator]()
  const ask = (): Promise<IteratorResult<Item>> => {
    const next = source.next()
    // Told to the caller below, at its turn.
    next.catch(() => undefined)
    return next
  }
  let next = ask()
  try {
    for (;;) {
      const found = await next
      if (found.done === true) return
      next = ask()
      yield found.value
    }
  } finally {
    await next.catch(() => undefined)
    await source.return?.()
  }
}
