/**
 * Folders by their paths, to be asked in which of them a path lies: one search in a sorted list, whatever their number and however
 * deep they lie in each other.
 */
export class FolderPaths {
  /** Sorted. What lies in a folder `a` are the texts from `a/` up to `a0`, because `0` is the character behind the slash. */
  readonly #bounds: readonly string[]
  /** The innermost folder of the paths from a bound on, up to the next. */
  readonly #folders: readonly (string | null)[]

  constructor(paths: Iterable<string>) {
    const bounds = [...new Set(paths)].flatMap((path) => [
      { at: `${path}/`, opens: path },
      { at: `${path}0`, opens: null },
    ])
    bounds.sort((one, other) => (one.at < other.at ? -1 : 1))
    const open: string[] = []
    this.#bounds = bounds.map(({ at }) => at)
    this.#folders = bounds.map(({ opens }) => {
      // Two folders lie in each other or apart, so what ends here is what began last.
      if (opens === null) open.pop()
      else open.push(opens)
      return open.at(-1) ?? null
    })
  }

  /** The innermost of the folders that a path lies in; null when it lies in none. */
  innermost(path: string): string | null {
    let low = 0
    let high = this.#bounds.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#bounds[middle] ?? '') <= path) low = middle + 1
      else high = middle
    }
    return this.#folders[low - 1] ?? null
  }
}
