/** A claim about a port, and the test of it. Independent of any test framework: `for (const { name, run } of suite) it(name, run)`. */
export interface ContractCase {
  readonly name: string
  /** Resolves when the claim holds; rejects with what is wrong. */
  run(): Promise<void>
}
