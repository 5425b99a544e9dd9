/** Moments of a backup at which something can be made to happen, in the order in which they come. */
export type BackupMoment =
  /** The host has asked for a backup, and was not answered. */
  | 'requested'
  /** The phone shows its passcode sheet and waits; only where it asks. */
  | 'passcode'
  /** It knows what the host has. */
  | 'listed'
  /** It has read the manifest of the backup before; only for incremental ones. */
  | 'manifest-read'
  /** The host has room, or said so. */
  | 'room'
  /** It is about to send the next file. */
  | 'file'
  /** It has sent some of a file, of one that is longer than a piece of 256 KiB most often the first piece. */
  | 'inside-file'
  /** Everything is sent, and nothing of the backup before is touched. */
  | 'sent'
  /** It is about to have the next 128 files moved to their places. */
  | 'moving'
  /** Everything is in its place; what the phone has no more is about to be removed. */
  | 'removing'
  /** It is about to say that the backup is finished. */
  | 'finishing'
  /** All is done but the last answer. */
  | 'finished'

/** What happens at a moment. It may wait, pull the cable, or throw a {@link PhoneFailure} that ends the backup. */
export type MomentAction = () => void | Promise<void>

/** What is to happen at which moment. */
export class Moments {
  readonly #planned: { readonly moment: BackupMoment; left: number; readonly action: MomentAction }[] = []

  #interruption: Error | null = null

  /** Ends the backup at the next moment of any kind. */
  interrupt(reason: Error): void {
    this.#interruption = reason
  }

  /** Plans an action, once: for the first time that the moment comes from now on, or the `nth`. */
  plan(moment: BackupMoment, action: MomentAction, nth = 1): void {
    this.#planned.push({ moment, left: nth, action })
  }

  /** Whether something is planned for a moment. */
  isPlanned(moment: BackupMoment): boolean {
    return this.#planned.some((each) => each.moment === moment)
  }

  /** Forgets what has not happened. */
  clear(): void {
    this.#planned.length = 0
    this.#interruption = null
  }

  /** Has everything happen that was planned for this moment. */
  async come(moment: BackupMoment): Promise<void> {
    const due = this.#planned.filter((each) => each.moment === moment && --each.left === 0)
    for (const each of due) {
      this.#planned.splice(this.#planned.indexOf(each), 1)
      await each.action()
    }
    const reason = this.#interruption
    this.#interruption = null
    if (reason !== null) throw reason
  }
}
