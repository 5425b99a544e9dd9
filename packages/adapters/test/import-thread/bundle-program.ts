import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

/** A program of one file, bundled from the sources as a host bundles its own. */
export interface BundledProgram {
  readonly file: string
  remove(): void
}

/** Bundles a module of this folder, libraries and all, into a file that a thread or a process can run. */
export async function bundleProgram(name: string): Promise<BundledProgram> {
  // Inside the package, where a bundle finds what it leaves out.
  const parent = fileURLToPath(new URL('../../node_modules/.holdfast-test/', import.meta.url))
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'thread-'))
  const file = join(folder, 'program.mjs')
  const bundle = await rolldown({
    input: fileURLToPath(new URL(name, import.meta.url)),
    platform: 'node',
    resolve: { conditionNames: ['@holdfast/source', 'node', 'import', 'default'] },
  })
  await bundle.write({ file, format: 'esm', codeSplitting: false })
  await bundle.close()
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
