import { isDict, isList, type PlistDict, type PlistValue } from '../../plist/plist-value.js'
import type { LinkMessage } from '../device-link/device-link.js'
import { unexpected } from '../wire/plist-wire.js'

/** Percent of the whole backup that are done when the command is; null where the phone does not say. */
type Percent = number | null

/**
 * What a phone wants of the host while it makes a backup. Paths are as the phone says them, to be checked before they are used. Each but
 * `response` and `disconnect` gets exactly one status.
 */
export type Command =
  | { readonly kind: 'send'; readonly paths: readonly string[]; readonly percent: Percent }
  /** `bytes`: of all files that follow; null where the phone does not say. */
  | { readonly kind: 'receive'; readonly bytes: number | null; readonly percent: Percent }
  | { readonly kind: 'list'; readonly path: string }
  | { readonly kind: 'create-folder'; readonly path: string }
  | { readonly kind: 'move'; readonly moves: ReadonlyMap<string, string>; readonly percent: Percent }
  | { readonly kind: 'remove'; readonly paths: readonly string[]; readonly percent: Percent }
  | { readonly kind: 'copy'; readonly from: string; readonly to: string }
  | { readonly kind: 'free-space' }
  /** `bytes`: what the phone wants to be freed. */
  | { readonly kind: 'purge'; readonly bytes: number | null }
  /** The end of the operation. */
  | { readonly kind: 'response'; readonly response: PlistDict }
  | { readonly kind: 'disconnect'; readonly words: string | null }
  | { readonly kind: 'unknown'; readonly name: string }

/** The command in a message. Throws HoldfastError `DEVICE_PROTOCOL` for a known one whose values are not what they must be. */
export function readCommand({ name, values }: LinkMessage): Command {
  const [first, second, third] = values
  switch (name) {
    case 'DLMessageDownloadFiles':
      return { kind: 'send', paths: texts(first, name), percent: percent(third) }
    case 'DLMessageUploadFiles':
      return { kind: 'receive', percent: percent(second), bytes: count(third) }
    case 'DLContentsOfDirectory':
      return { kind: 'list', path: text(first, name) }
    case 'DLMessageCreateDirectory':
      return { kind: 'create-folder', path: text(first, name) }
    case 'DLMessageMoveFiles':
    case 'DLMessageMoveItems':
      return { kind: 'move', moves: textMap(first, name), percent: percent(third) }
    case 'DLMessageRemoveFiles':
    case 'DLMessageRemoveItems':
      return { kind: 'remove', paths: texts(first, name), percent: percent(third) }
    case 'DLMessageCopyItem':
      return { kind: 'copy', from: text(first, name), to: text(second, name) }
    case 'DLMessageGetFreeDiskSpace':
      return { kind: 'free-space' }
    case 'DLMessagePurgeDiskSpace':
      return { kind: 'purge', bytes: count(first) }
    case 'DLMessageProcessMessage':
      if (!isDict(first)) throw unexpected('The end of the backup says nothing.')
      return { kind: 'response', response: first }
    case 'DLMessageDisconnect':
      return { kind: 'disconnect', words: typeof first === 'string' ? first : null }
    default:
      return { kind: 'unknown', name }
  }
}

function text(value: PlistValue | undefined, command: string): string {
  if (typeof value !== 'string') throw unexpected('A command names no file.', { command })
  return value
}

function texts(value: PlistValue | undefined, command: string): readonly string[] {
  if (!isList(value)) throw unexpected('A command names no files.', { command })
  return value.map((each) => text(each, command))
}

function textMap(value: PlistValue | undefined, command: string): ReadonlyMap<string, string> {
  if (!isDict(value)) throw unexpected('A command names no files.', { command })
  return new Map([...value].map(([from, to]) => [from, text(to, command)]))
}

function percent(value: PlistValue | undefined): Percent {
  return typeof value === 'number' && value > 0 && value <= 100 ? value : null
}

function count(value: PlistValue | undefined): number | null {
  const bytes = typeof value === 'bigint' ? Number(value) : value
  return typeof bytes === 'number' && Number.isFinite(bytes) && bytes >= 0 ? bytes : null
}
