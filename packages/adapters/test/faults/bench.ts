import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Program } from '../engine/children.js'
import type { Preloaded } from '../engine/preloaded.js'
import { FaultControl, type Seen } from './fault-control.js'
import { FaultPlace, type Found, type TaskWords } from './fault-place.js'
import type { FaultTask } from './fault-task.js'
import type { Came, Point, Tried } from './judge.js'

/** In memory where there is such a file system: thousands of imports are flushed here, and none outlives the machine. */
const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** Where points are tried, some at a time in one process. */
export class FaultBench {
  readonly #outside = mkdtempSync(join(parent, 'holdfast-faults-'))
  /** What the shim watches. */
  readonly #folder = join(this.#outside, 'places')
  readonly #control = new FaultControl(join(this.#outside, 'control'))
  readonly #parts: {
    readonly program: Program
    readonly shim: Preloaded
    readonly phone: string
    readonly library: string
  }
  #places = 0

  /** `phone`: a backup; `library`: a folder with a library, to copy. */
  constructor(parts: {
    readonly program: Program
    readonly shim: Preloaded
    readonly phone: string
    readonly library: string
  }) {
    this.#parts = parts
    mkdirSync(this.#folder)
    this.#control.make()
  }

  /** Tries points, in one process as long as none ends it. */
  async try(points: readonly Point[]): Promise<readonly Tried[]> {
    const tries = await Promise.all(
      points.map(async (point) => {
        const place = this.#newPlace()
        return { point, place, before: await place.look() }
      }),
    )
    const firsts = await this.#run(tries.map(({ place, point }) => [place, place.task(taskOf(point))]))
    const left: (Found | null)[] = []
    for (const { place, point } of tries) left.push(point.stays ? null : await place.look())
    const leaving = tries.filter(({ point }) => !point.stays)
    const ends = await this.#run(
      leaving.map(({ place, point }) => [
        place,
        place.task({ ...taskOf(point), part: 'end', fault: null, dies: null }),
      ]),
    )
    const tried: Tried[] = []
    for (const [index, { place, point, before }] of tries.entries()) {
      const { came: first, seen } = found(firsts.get(place))
      const last = point.stays ? first : found(ends.get(place)).came
      tried.push({ point, before, first, seen, last, between: left[index] ?? null, end: await place.look() })
      place.remove()
    }
    return tried
  }

  remove(): void {
    rmSync(this.#outside, { recursive: true })
  }

  /** Runs a child for the tasks, and another for those that are left when it ends before. */
  async #run(
    tasks: readonly (readonly [FaultPlace, FaultTask])[],
  ): Promise<ReadonlyMap<FaultPlace, { readonly came: Came; readonly seen: Seen }>> {
    const results = new Map<FaultPlace, { readonly came: Came; readonly seen: Seen }>()
    const { program, shim } = this.#parts
    const environment = {
      LD_PRELOAD: shim.library,
      HOLDFAST_FAULT_FOLDER: this.#folder,
      HOLDFAST_FAULT_CONTROL: this.#control.path,
    }
    for (let rest = tasks; rest.length > 0; rest = tasks.slice(results.size)) {
      const words = { control: this.#control.path, tasks: rest.map(([, task]) => task) }
      const how = await program.start(words, environment).ended.then(
        ({ killed }) => ({ killed, crash: null }),
        (thrown: unknown) => ({ killed: false, crash: String(thrown) }),
      )
      for (const [place] of rest) {
        const report = place.takeReport()
        if (report === null) {
          results.set(place, { came: { ...how, report }, seen: this.#control.read() })
          break
        }
        results.set(place, { came: { killed: false, crash: null, report }, seen: report.seen })
      }
    }
    return results
  }

  #newPlace(): FaultPlace {
    this.#places += 1
    const name = String(this.#places)
    return new FaultPlace(join(this.#folder, name), join(this.#outside, name), {
      backup: this.#parts.phone,
      library: this.#parts.library,
    })
  }
}

function taskOf({ story, fault, dies, ending, stays }: Point): TaskWords {
  return { story, fault, dies: dies ?? null, ending, part: stays ? 'stay' : 'leave' }
}

function found<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('a task was not run')
  return value
}
