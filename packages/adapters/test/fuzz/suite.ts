/** Whether this is the long suite, `npm run test:fuzz`, rather than the normal one. */
export const isLong = process.env['HOLDFAST_FUZZ_SUITE'] === 'long'

/** What everything random here is drawn from: each run draws anew, every failure names it, and HOLDFAST_SEED repeats it. */
export const seed = process.env['HOLDFAST_SEED'] ?? String(Date.now() % 1_000_000)

/** How many inputs all decoders together get. */
export const inputs = isLong ? 1_000_000 : 20_000
