// `npm run test:fuzz`: a million inputs for the decoders, and thousands of damaged backups. Sets up as `npm test` does; further words
// go to vitest, and HOLDFAST_SEED repeats what was random. Some minutes on an idle machine.
const seed = process.env['HOLDFAST_SEED'] ?? String(Date.now() % 1_000_000)
Object.assign(process.env, { HOLDFAST_FUZZ_SUITE: 'long', HOLDFAST_SEED: seed })
process.argv.splice(2, 0, 'packages/adapters/test/fuzz')
await import('./test.mjs')
process.stdout.write(`HOLDFAST_SEED=${seed} repeats it\n`)
