export type { ContractCase } from './contract-case.js'
export { type JournalUnderTest, journalContract } from './journal-contract.js'
export { MemoryLibrary, type VisibleItem } from './memory-library.js'
export { receiptFor } from './receipt-for.js'
export {
  sampleAttachment,
  sampleChat,
  sampleContact,
  sampleMessage,
  sampleUnreadable,
} from './sample-records.js'
export { type PhoneContent, ScriptedPhone } from './scripted-phone.js'
export type { LibraryDump, StorageUnderTest } from './storage/storage-under-test.js'
export { storageContract } from './storage-contract.js'
export { VirtualClock } from './virtual-clock.js'
