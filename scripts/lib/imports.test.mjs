import { expect, it } from 'vitest'
import { importsOf } from './imports.mjs'

it('every way to name a module is found, with its line, and whether only types cross', () => {
  const source = `import type { A } from './a.js'
import { type B } from './b.js'
import c, { d } from './c.js'
import './d.js'
export * from './e.js'
export type { F } from './f.js'
export { g } from './g.js'
const h = await import('./h.js')
type I = import('./i.js').I
const text = "import { no } from './comment.js'" // import './comment.js'
const computed = await import(text)
`
  expect(importsOf('x.ts', source)).toEqual([
    { specifier: './a.js', line: 1, typesOnly: true },
    // The braces vanish when it is built, the import does not.
    { specifier: './b.js', line: 2, typesOnly: false },
    { specifier: './c.js', line: 3, typesOnly: false },
    { specifier: './d.js', line: 4, typesOnly: false },
    { specifier: './e.js', line: 5, typesOnly: false },
    { specifier: './f.js', line: 6, typesOnly: true },
    { specifier: './g.js', line: 7, typesOnly: false },
    { specifier: './h.js', line: 8, typesOnly: false },
    { specifier: './i.js', line: 9, typesOnly: true },
  ])
})

it('a source that does not parse is an error, not a source without imports', () => {
  expect(() => importsOf('x.ts', 'import {')).toThrow(/x\.ts does not parse/)
})
