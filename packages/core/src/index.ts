export {
  type ErrorCode,
  type ErrorDetails,
  type ErrorReport,
  errorCodes,
  type Failure,
  failure,
  HoldfastError,
  isErrorReport,
  isFailure,
  isHoldfastError,
  reportError,
  systemCodeOf,
  toHoldfastError,
} from './errors/index.js'
export { type RunEvent, type RunEventBody, runEventVersion } from './events/run-event.js'
export { type Chart, chartOf, toMermaid } from './inspect/chart.js'
export { definitionOf } from './inspect/definition.js'
export type { InspectionObserver, InspectOptions } from './inspect/inspect-option.js'
export { type Redaction, redactData, redactText } from './inspect/redact.js'
export { reportText } from './inspect/report-text.js'
export type {
  ReportedAttempt,
  ReportedEntry,
  ReportedError,
  ReportedState,
  ReportedStep,
  ReportOptions,
  RunReport,
} from './inspect/run-report.js'
export { holdfastVersion } from './inspect/version.js'
export { type Entry, type EntryBody, entryVersion } from './journal/entry.js'
export type {
  ClaimResult,
  CompactionRule,
  Held,
  Journal,
  JournalWrite,
  RunFilter,
  RunHeader,
  RunIdentity,
  RunRecord,
  RunSnapshot,
  RunStatus,
  RunSummary,
  WriteResult,
} from './journal/journal.js'
export { type MemoryJournalOptions, MemoryJournalStore, memoryJournal } from './journal/memory-journal.js'
export {
  canonicalJson,
  canonicalJsonWithout,
  type Json,
  type JsonObject,
  sameJson,
  toJson,
} from './json/json.js'
export {
  begin,
  type Decision,
  decide,
  type Effect,
  type MachineEvent,
} from './machine/decide.js'
export {
  type AnySaga,
  defineSaga,
  type Saga,
  type SagaMachine,
  type SagaSnapshot,
} from './machine/define-saga.js'
export type {
  Ask,
  InvokedStepInput,
  SagaContext,
  SagaEvent,
  StepInput,
  UndoInput,
  UndoState,
} from './machine/saga-context.js'
export { checkOptions, type OptionRule, rule } from './options/check-options.js'
export {
  createRunner,
  type Runner,
  type RunnerOptions,
} from './runner/create-runner.js'
export type { Recovery } from './runner/recovery.js'
export type { Outcome, Run } from './runner/run.js'
export type { RunEvents } from './runner/run-teller.js'
export type { RunView, RunViewSnapshot, StepView } from './runner/run-view.js'
export type { StartOptions } from './runner/start-options.js'
export type { Migration } from './saga/migration.js'
export type {
  Hook,
  HookContext,
  RunKnowledge,
  SagaDefinition,
  SagaOptions,
} from './saga/saga-definition.js'
export {
  type AskRequest,
  type Progress,
  type Step,
  type StepContext,
  type StepOptions,
  step,
  type UndoContext,
  type UndoReason,
} from './saga/step.js'
export { backoffDelay, jittered, type RetryPolicy } from './time/backoff.js'
export { type Clock, systemClock } from './time/clock.js'
