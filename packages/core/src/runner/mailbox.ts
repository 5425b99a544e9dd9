/** Runs tasks one after the other, in the order in which they were posted. A task that throws does not stop the next. */
export class Mailbox {
  #last: Promise<unknown> = Promise.resolve()

  /** Resolves or rejects with the task. */
  post<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task)
    this.#last = result.catch(() => {})
    return result
  }
}
