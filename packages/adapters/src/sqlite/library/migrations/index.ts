import { v1 } from './v1.js'
import { v2 } from './v2.js'

/** What brings a library from each version to the next: the first makes version 1 out of nothing. */
export const migrations: readonly string[] = [v1, v2]
