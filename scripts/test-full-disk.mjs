// `npm run test:full-disk`: fills a real small disk before every single write of an import. Sets up as `npm test` does; further words
// go to vitest. Some minutes; needs Linux, a C compiler, and leave to mount a volume of one's own.
process.env['HOLDFAST_FULL_DISK_SUITE'] = 'long'
process.argv.splice(2, 0, 'packages/adapters/test/full-disk.test.ts')
await import('./test.mjs')
