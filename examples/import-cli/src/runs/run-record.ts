import type { Entry, Json, JsonObject } from '@holdfast/core'
import {
  type BackupPartName,
  backupParts,
  type ExtractOutput,
  parseReceipt,
  type Receipt,
} from '@holdfast/core/import'

/** What the journal of an import says, beyond where the run stands. */
export interface RunRecord {
  /** Path that the run was started with; null for one on a phone. */
  readonly askedPath: string | null
  /** Parts of the backup that it imports. */
  readonly parts: readonly BackupPartName[]
  /** What extract found; null while it has not finished. */
  readonly extract: ExtractOutput | null
  /** Proof of what is stored; null while it is not verified. */
  readonly receipt: Receipt | null
  /** Whether cleanup deleted the backup; null while it has not finished. */
  readonly deleted: boolean | null
  /** What keeps a backup that cleanup should have deleted: it, or the library, is no longer what was verified. Null for nothing. */
  readonly changed: 'backup' | 'library' | null
}

/**
 * Reads the record of an import out of its entries.
 *
 * @throws HoldfastError `RECEIPT_INVALID`.
 */
export async function readRunRecord(entries: readonly Entry[]): Promise<RunRecord> {
  const receipt = outputOf(entries, 'verify')
  const cleanup = objectOf(outputOf(entries, 'cleanup'))
  return {
    askedPath: askedPathOf(entries),
    parts: partsOf(inputOf(entries)?.['parts']),
    // Written by the extract step of the one saga of this program.
    extract: outputOf(entries, 'extract') as ExtractOutput | null,
    receipt: receipt === null ? null : await parseReceipt(receipt),
    deleted: cleanup === null ? null : cleanup['deleted'] === true,
    changed:
      cleanup?.['kept'] === 'changed' ? 'backup' : cleanup?.['kept'] === 'library-changed' ? 'library' : null,
  }
}

/** The path that a run was started with; null for one on a phone. */
export function askedPathOf(entries: readonly Entry[]): string | null {
  const path = inputOf(entries)?.['path']
  return typeof path === 'string' ? path : null
}

/** Where a run's backup is: as the run knows it, or, before it has looked, where it was asked to look. Null while there is none yet. */
export function backupPathOf(facts: JsonObject, askedPath: string | null): string | null {
  const known = facts['backupPath']
  return typeof known === 'string' ? known : askedPath
}

function inputOf(entries: readonly Entry[]): { readonly [key: string]: Json } | null {
  return objectOf(entries.flatMap(({ body }) => (body.type === 'run.started' ? [body.input] : []))[0])
}

function partsOf(asked: Json | undefined): readonly BackupPartName[] {
  return Array.isArray(asked) ? backupParts.filter((part) => asked.includes(part)) : backupParts
}

/** What a step returned the last time that it succeeded; null when it never has. */
function outputOf(entries: readonly Entry[], step: string): Json {
  const outputs = entries.flatMap(({ body }) =>
    body.type === 'step.succeeded' && body.step === step ? [body.output] : [],
  )
  return outputs.at(-1) ?? null
}

function objectOf(value: Json | undefined): { readonly [key: string]: Json } | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  // An array was just ruled out, which the type of a readonly array does not tell TypeScript.
  return value as { readonly [key: string]: Json }
}
