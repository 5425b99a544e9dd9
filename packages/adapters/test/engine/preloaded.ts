import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A library in C that stands between a process and its system (LD_PRELOAD), compiled for this machine. */
export class Preloaded {
  readonly #folder = mkdtempSync(join(tmpdir(), 'holdfast-preload-'))
  /** What LD_PRELOAD is to name. */
  readonly library: string

  private constructor(compiler: string, source: URL) {
    const file = fileURLToPath(source)
    this.library = join(this.#folder, `${basename(file, '.c')}.so`)
    const { status, stderr } = spawnSync(
      compiler,
      ['-shared', '-fPIC', '-O2', '-Wall', '-Werror', '-o', this.library, file, '-ldl'],
      { encoding: 'utf8' },
    )
    if (status === 0) return
    this.remove()
    throw new Error(`${file} does not compile: ${stderr}`)
  }

  /** Compiles it; a string that says why where that cannot be done. */
  static compile(source: URL): Preloaded | string {
    if (process.platform !== 'linux') return `LD_PRELOAD is Linux's; this is ${process.platform}`
    const compiler = ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0)
    return compiler === undefined ? 'there is no C compiler' : new Preloaded(compiler, source)
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true })
  }
}
