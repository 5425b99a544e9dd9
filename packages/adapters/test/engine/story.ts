import type { Child, Program } from './children.js'
import { OutsideWorld } from './outside-world.js'
import { Place } from './place.js'
import { secretAnswer } from './sagas.js'
import type { Scenario } from './scenarios.js'
import type { Task } from './task.js'
import { type Durable, Witness } from './witness.js'

/** What a process of a story is told beside where it works, and on what. */
export type Fate = Partial<Pick<Task, 'killAt' | 'checkpointPages' | 'unsafe'>> & {
  readonly environment?: Readonly<Record<string, string>>
}

/** Processes that follow one another in one place, and everything that was wrong after any of them. */
export class Story {
  readonly #program: Program
  readonly #scenarios: readonly Scenario[]
  readonly #witness: Witness
  readonly place: Place
  readonly faults: string[] = []

  constructor(program: Program, scenarios: readonly Scenario[], place = new Place()) {
    this.#program = program
    this.#scenarios = scenarios
    this.place = place
    // Nothing of these sagas is ever run: they only say what entries mean.
    const nowhere = new OutsideWorld('/dev/null')
    this.#witness = new Witness(scenarios.map(({ saga }) => saga(nowhere)))
    nowhere.close()
  }

  /** Starts the next process. */
  start({ environment = {}, ...fate }: Fate = {}): Child {
    const { database, world } = this.place
    const scenarios = this.#scenarios.map(({ name }) => name)
    const task: Task = {
      database,
      world,
      scenarios,
      killAt: null,
      checkpointPages: null,
      unsafe: false,
      ...fate,
    }
    return this.#program.start(task, environment)
  }

  /** One more process, which may be killed on its way, and a look at what it left. Whether it was killed. */
  async process(fate: Fate): Promise<boolean> {
    const { killed } = await this.start(fate).ended
    await this.look()
    return killed
  }

  /** Holds what was done against what is durable. */
  async look(): Promise<Durable> {
    const durable = await this.place.durable()
    this.faults.push(...this.#witness.processEnded(durable, this.place.lines()))
    for (const name of this.place.filesWith(secretAnswer)) this.faults.push(`${name} holds the secret answer`)
    return durable
  }

  /** One more process, which comes to its end, and so must the runs. How many writes it asked of the journal. */
  async end(fate: Fate = {}): Promise<number> {
    const { report } = await this.start(fate).ended
    const durable = await this.look()
    for (const scenario of this.#scenarios) this.faults.push(...this.#witness.runEnded(scenario, durable))
    const { writes }: { writes: number } = JSON.parse(report)
    return writes
  }

  remove(): void {
    this.place.remove()
  }
}
