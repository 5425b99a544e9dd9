export type { ContractCase } from './contract-case.js'
export {
  breaksAfter,
  changes,
  fromCall,
  hangs,
  hangsAfter,
  inTurn,
  onCall,
  rejects,
  resolves,
  returns,
  slow,
  throws,
  when,
} from './faults/faults.js'
export { type Fault, type FaultPlan, type Faulty, faulty, type PortCall } from './faults/faulty.js'
export { Gate } from './faults/gate.js'
export { systemError } from './faults/system-error.js'
export { type JournalUnderTest, journalContract } from './journal-contract.js'
export { type KillPoint, killAt, killPoints, type MortalProcess } from './kill-at.js'
export { MemoryLibrary, type VisibleItem } from './memory-library.js'
export { receiptFor } from './receipt-for.js'
export { plainState } from './replay/plain-state.js'
export { type Fold, replayEntries } from './replay/replay-entries.js'
export { type ReplayingJournal, replayingJournal } from './replay/replaying-journal.js'
export {
  sampleAttachment,
  sampleCall,
  sampleChat,
  sampleContact,
  sampleMessage,
  samplePoint,
  sampleUnreadable,
  sampleVoicemail,
} from './sample-records.js'
export { type PhoneContent, ScriptedPhone } from './scripted-phone.js'
export type { LibraryDump, StoragePower, StorageUnderTest } from './storage/storage-under-test.js'
export { type StorageContractOptions, storageContract } from './storage-contract.js'
export { VirtualClock } from './virtual-clock.js'
export type { Invariant } from './walk/invariants.js'
export type { Possibilities } from './walk/walk-events.js'
export { type WalkOptions, type WalkReport, walkSaga } from './walk/walk-saga.js'
export type { Transition, WalkEvent, WalkedState } from './walk/walked-state.js'
