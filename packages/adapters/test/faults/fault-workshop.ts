import { noAnomalies } from '../../src/testing/index.js'
import { Program } from '../engine/children.js'
import { Preloaded } from '../engine/preloaded.js'
import { Workshop } from '../import-workshop.js'
import { FaultBench } from './bench.js'

/** The shim that makes calls fail; a string that says why where there can be none. */
export function compileFaults(): Preloaded | string {
  return Preloaded.compile(new URL('faults.c', import.meta.url))
}

/** A small backup of a phone, a library that holds another one already, and the program that imports the one into the other. */
export class FaultWorkshop {
  readonly #shim: Preloaded
  readonly #program: Program
  readonly #workshop: Workshop
  readonly #phone: string

  private constructor(parts: { shim: Preloaded; program: Program; workshop: Workshop; phone: string }) {
    this.#shim = parts.shim
    this.#program = parts.program
    this.#workshop = parts.workshop
    this.#phone = parts.phone
  }

  static async open(shim: Preloaded): Promise<FaultWorkshop> {
    const program = await Program.bundle('../faults/fault-child.ts')
    const workshop = new Workshop()
    const make = (number: number) =>
      workshop.makeBackup({ seed: 50 + number, messages: 14, attachments: 5, anomalies: noAnomalies })
    const app = workshop.openApp()
    await (await app.import({ path: (await make(1)).path, cleanup: 'keep' })).outcome()
    await app.close()
    return new FaultWorkshop({ shim, program, workshop, phone: (await make(2)).path })
  }

  newBench(): FaultBench {
    return new FaultBench({
      program: this.#program,
      shim: this.#shim,
      phone: this.#phone,
      library: this.#workshop.folder,
    })
  }

  async cleanUp(): Promise<void> {
    this.#shim.remove()
    this.#program.remove()
    await this.#workshop.cleanUp()
  }
}
