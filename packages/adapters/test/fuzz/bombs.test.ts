import { expect, it } from 'vitest'
import { parseMessageSummary } from '../../src/ios-backup/messages/message-summary.js'
import { parseBinaryPlist } from '../../src/plist/read-binary.js'
import { attributedBody } from '../../src/testing/synthetic-backup/messages/attributed-body.js'
import { type DraftValue, type PlistDraft, plistDraft, writePlist } from './drafts/plist-draft.js'

/*
 * Small inputs that say the same thing many times over, and would fill any memory if each time were another one.
 */

it('a property list of half a megabyte, whose 20,000 objects are one array of 100,000 items, is refused', () => {
  const draft = plistDraft(Array.from({ length: 100_000 }, () => null))
  const long = draft.objects[0]
  if (long === undefined) throw new Error('no array')
  long.refs = long.refs.map(() => 1)
  draft.objects.splice(2)
  const first = draft.objects.length
  for (let count = 0; count < 20_000; count++) {
    draft.objects.push({ type: 0, count: null, refs: [], contents: Buffer.alloc(0), standsAt: 0 })
  }
  const refs = Array.from({ length: 20_000 }, (_, index) => first + index)
  draft.objects.push({ type: 0xa, count: refs.length, refs, contents: Buffer.alloc(0), standsAt: null })
  draft.top = draft.objects.length - 1
  expect(parseBinaryPlist(writePlist(draft))).toMatchObject({ ok: false })
})

it('a message with millions of wordings, which are all the same one, has none', () => {
  expect(parseMessageSummary(summaryOf(3000, 3000)).edits).toEqual([])
})

it('a message with as many wordings as a phone allows keeps them', () => {
  expect(parseMessageSummary(summaryOf(4, 6)).edits).toHaveLength(24)
})

/** A summary whose parts all share one list, which names one wording many times. */
function summaryOf(parts: number, wordings: number): Uint8Array {
  const wording = new Map<string, DraftValue>([
    ['d', 1],
    ['t', attributedBody([{ text: 'Zoë', attributes: {} }])],
  ])
  const list = [wording, ...Array.from({ length: wordings - 1 }, () => null)]
  const names = Array.from({ length: parts }, (_, part) => [String(part), part === 0 ? list : null] as const)
  const draft = plistDraft(new Map<string, DraftValue>([['ec', new Map(names)]]))
  const listAt = draft.objects.findIndex((object) => object.type === 0xa)
  shareItems(draft, listAt)
  const dict = draft.objects.find(
    (object) => object.type === 0xd && object.count === parts && object !== draft.objects[0],
  )
  if (dict !== undefined) dict.refs = dict.refs.map((ref, index) => (index < parts ? ref : listAt))
  return writePlist(draft)
}

function shareItems(draft: PlistDraft, at: number): void {
  const object = draft.objects[at]
  if (object !== undefined) object.refs = object.refs.map(() => object.refs[0] ?? 0)
}
