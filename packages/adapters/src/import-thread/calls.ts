import type { AskRequest, Json, Progress } from '@holdfast/core'
import type {
  DescribedBackup,
  ImportRef,
  ProofSettings,
  PublishedImport,
  Receipt,
  Shortage,
  StoreOutput,
  StoreSettings,
} from '@holdfast/core/import'
import type { Crossing, CrossingError } from './crossing.js'

/** What of a step's context goes to the thread as it is; functions and signal are calls back. */
export type CallFacts = {
  readonly run: string
  readonly input: Json
}

/**
 * What the thread can be asked for. `call` tells the calls apart that are under way. Nothing but plain data crosses, and of a backup
 * nothing at all: its records and files stay in the thread.
 */
export interface ThreadCalls {
  /** Makes reader and storage ready; resolves with the resources of the storage. Repeat calls do nothing. */
  open(facts: { readonly hasVault: boolean }): Promise<Crossing<readonly string[]>>
  check(request: { readonly backupPath: string | null }): Promise<Crossing<void>>
  describe(call: number, path: string, facts: CallFacts): Promise<Crossing<DescribedBackup>>
  store(
    call: number,
    ref: ImportRef,
    path: string,
    settings: StoreSettings,
    facts: CallFacts,
  ): Promise<Crossing<StoreOutput>>
  prove(
    call: number,
    ref: ImportRef,
    path: string,
    settings: ProofSettings,
    facts: CallFacts,
  ): Promise<Crossing<Receipt>>
  checkLinks(call: number, id: string): Promise<Crossing<void>>
  endLinks(call: number, id: string): Promise<Crossing<void>>
  isIntact(call: number, id: string): Promise<Crossing<boolean>>
  discard(id: string): Promise<Crossing<void>>
  imports(): Promise<Crossing<readonly PublishedImport[]>>
  /** Aborts the signal of a call. Not answered. */
  abort(call: number, reason: CrossingError): void
  /** Closes reader and storage, and lets the thread end. */
  close(): Promise<Crossing<void>>
}

/** What the thread asks of the host's side while a call is under way. */
export interface HostCalls {
  /** Not answered. */
  progress(call: number, progress: Progress): void
  ask(call: number, request: AskRequest): Promise<Crossing<Json>>
  now(call: number): Promise<Crossing<number>>
  onRoom(call: number, shortage: Shortage | null): Promise<Crossing<void>>
  getKey(name: string): Promise<Crossing<Uint8Array | null>>
  setKey(name: string, key: Uint8Array): Promise<Crossing<void>>
  deleteKey(name: string): Promise<Crossing<void>>
}
