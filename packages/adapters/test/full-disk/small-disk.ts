import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/**
 * A real small volume: memory of the kernel, mounted for one process and its children alone, so that it is gone with them whatever
 * becomes of the test. Linux lets root do so, and on most machines everybody who makes himself a namespace of users.
 */
export class SmallDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-small-disk-'))
  readonly #unshare: readonly string[]

  private constructor(unshare: readonly string[]) {
    this.#unshare = unshare
  }

  /** A string that says why, where nothing can be mounted. */
  static make(): SmallDisk | string {
    if (process.platform !== 'linux')
      return `a volume of one's own is mounted on Linux; this is ${process.platform}`
    let why = ''
    for (const unshare of [['--mount'], ['--mount', '--map-root-user']]) {
      const disk = new SmallDisk(unshare)
      const { status, stderr, error } = spawnSync('unshare', disk.#words('1m', ['true'], {}), {
        encoding: 'utf8',
      })
      if (status === 0) return disk
      disk.remove()
      why = error?.message ?? stderr.trim()
    }
    return `no volume can be mounted here: ${why}`
  }

  /** Runs a program with the disk mounted at `folder`; resolves with what it printed. Rejects when it fails. */
  run(
    size: string,
    program: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<string> {
    const [script = ''] = program.slice(-1)
    // The environment is the program's alone: a preloaded library is not for what mounts.
    const child = spawn('unshare', this.#words(size, program, environment), { cwd: dirname(script) })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status, signal) => {
        if (status === 0) resolve(Buffer.concat(out).toString())
        else reject(new Error(`ended with ${status ?? signal}: ${Buffer.concat(err).toString()}`))
      })
    })
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #words(
    size: string,
    program: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): readonly string[] {
    const settings = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
    const script = 'mount -t tmpfs -o "size=$1" tmpfs "$2" && shift 2 && exec env "$@"'
    return [...this.#unshare, 'sh', '-c', script, 'sh', size, this.folder, ...settings, ...program]
  }
}
