/** What a process of the app is to do, and where it dies. Plain JSON. */
export interface HostTask {
  /** Folder of the app. */
  readonly app: string
  readonly backup: string
  /**
   * `import`: bring the backup in, and delete it. `give up`: begin to, fail at the first attachment, and discard. `take back`: discard the
   * import that is published.
   */
  readonly work: HostWork
  /** The call of the storage at which it kills itself; 0 for none. */
  readonly killAt: number
  /** Id of the published import. */
  readonly published: string
}

export const hostWorks = ['import', 'give up', 'take back'] as const
export type HostWork = (typeof hostWorks)[number]

/** The key that all processes of one task start their run with. */
export const hostKey = 'the backup'
