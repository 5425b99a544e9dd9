export type { ContractCase } from './contract-case.js'
export { type JournalUnderTest, journalContract } from './journal-contract.js'
export { VirtualClock } from './virtual-clock.js'
