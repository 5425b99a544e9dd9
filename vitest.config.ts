import { defineConfig } from 'vitest/config'

// Tests run on the sources: no build between an edit and its test. The others are Vite's own, which these replace.
const conditions = ['@holdfast/source', 'module', 'node', 'development|production']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      'packages/*/{src,test}/**/*.test.ts',
      'examples/*/{src,test}/**/*.test.ts',
      'scripts/**/*.test.mjs',
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
