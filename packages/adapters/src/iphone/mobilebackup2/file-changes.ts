/** Is told the changes that a phone has had made in its backup, once each is done; paths are as the phone says them. */
export interface FileChanges {
  /** A file came, and is there whole. */
  received(path: string, bytes: number): void
  moved(from: string, to: string): void
  copied(from: string, to: string): void
  removed(path: string): void
}
