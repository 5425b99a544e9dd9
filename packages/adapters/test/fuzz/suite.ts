/** Whether this is the long suite, `npm run test:fuzz`, rather than the normal one. */
export const isLong = process.env['HOLDFAST_FUZZ_SUITE'] === 'long'

/**
 * What everything random here is drawn from; HOLDFAST_SEED repeats it. The short run is the same every time, so that it tells of a
 * change; the long one draws anew, and finds what nobody has seen.
 */
export const seed = process.env['HOLDFAST_SEED'] ?? (isLong ? String(Date.now() % 1_000_000) : '736324')

/** How many inputs all decoders together get. */
export const inputs = isLong ? 1_000_000 : 20_000
