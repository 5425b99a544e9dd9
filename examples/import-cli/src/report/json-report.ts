import { existsSync } from 'node:fs'
import { type ErrorReport, type HoldfastError, reportError } from '@holdfast/core'
import type {
  ImportCounts,
  OutcomeCounts,
  Receipt,
  SourceDescription,
  SourceTotals,
} from '@holdfast/core/import'
import type { CommandContext } from '../command-context.js'
import type { RunResult } from '../runs/run-result.js'
import { countsOfRun } from './run-counts.js'

/** What `--json` prints: scripts depend on these fields. Commands add fields of their own. */
export interface JsonReport extends ImportCounts {
  /** `failed`: the command itself could not do what was asked; no run was changed. */
  readonly status: 'done' | 'retryable' | 'stuck' | 'discarded' | 'failed'
  readonly run: string | null
  /** The step that a parked run rests at. */
  readonly step?: string
  readonly backupPath: string | null
  readonly backupExists: boolean
  readonly receipt: Receipt | null
  readonly error: ErrorReport | null
  /** How long the command took. */
  readonly seconds: number
  /** What the backup is, and what is missing in it; null before it was looked at. */
  readonly source: SourceDescription | null
  /** Items that are staged of a run that is not verified, and how many there are in all; null where this command stored none. */
  readonly staged: { readonly items: number; readonly total: number } | null
}

const none: OutcomeCounts = { stored: 0, present: 0, skipped: 0, failed: 0 }

/** Counts of an import of which nothing is verified. */
export const noCounts: ImportCounts = {
  chats: none,
  messages: none,
  contacts: none,
  calls: none,
  voicemails: none,
  attachments: { ...none, bytes: 0, reasons: {} },
}

/** The report of a run that rests or has ended. */
export function reportOfRun(result: RunResult, context: CommandContext): JsonReport {
  const { status, run, step, backupPath, backupExists, receipt, error, extract, staged } = result
  return {
    status,
    run,
    ...(step === null ? {} : { step }),
    backupPath,
    backupExists,
    ...(status === 'discarded' || receipt === null ? noCounts : countsOfRun(receipt, run)),
    receipt: status === 'discarded' ? null : receipt,
    error,
    seconds: secondsSince(context),
    source: extract?.source ?? null,
    staged:
      staged === null || extract === null || receipt !== null
        ? null
        : { items: staged, total: totalOf(extract.totals) },
  }
}

/** The report of a command that is not about one run, or that failed. */
export function reportOfCommand(context: CommandContext, error: HoldfastError | null): JsonReport {
  const { backupPath, run } = context.known
  return {
    status: error === null ? 'done' : 'failed',
    run,
    backupPath,
    backupExists: backupPath !== null && existsSync(backupPath),
    ...noCounts,
    receipt: null,
    error: error === null ? null : reportError(error),
    seconds: secondsSince(context),
    source: null,
    staged: null,
  }
}

/** Items of all kinds. */
export function totalOf(totals: SourceTotals): number {
  return Object.values(totals).reduce((sum, each) => sum + each, 0)
}

function secondsSince({ startedAt }: CommandContext): number {
  return Math.round(performance.now() - startedAt) / 1000
}
