/** An item, and what comes behind it. */
export interface Followed<Item> {
  readonly item: Item
  /** The next one, which is being read already; null behind the last. Rejects with what reading it throws. */
  readonly following: Promise<Item | null>
}

/**
 * Gives what `items` gives, and has each next one read while the caller works at the one before: so the processor and the disk do not wait
 * for each other. One item is read ahead at most. When the caller stops, nothing is being read any more.
 *
 * @throws what `items` throws, when its turn has come.
 */
export async function* readAhead<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item, void, undefined> {
  for await (const { item } of withFollowing(items)) yield item
}

/** The same, each with the one that is being read. */
export async function* withFollowing<Item>(
  items: AsyncIterable<Item>,
): AsyncGenerator<Followed<Item>, void, undefined> {
  const source = items[Symbol.asyncIterator]()
  const ask = async (): Promise<Item | null> => {
    const next = await source.next()
    return next.done === true ? null : next.value
  }
  let next = begun(ask())
  try {
    for (;;) {
      const item = await next
      if (item === null) return
      next = begun(ask())
      yield { item, following: next }
    }
  } finally {
    await next.catch(() => undefined)
    await source.return?.()
  }
}

/** What it rejects with is told where it is awaited. */
function begun<Result>(work: Promise<Result>): Promise<Result> {
  work.catch(() => undefined)
  return work
}
