import { describe, expect, it } from 'vitest'
import { receiptFor, sampleAttachment, sampleContact, sampleMessage } from '../testing/index.js'
import { digestLine } from './digest-line.js'
import { countsOf, parseReceipt, type ReceiptFacts, sealReceipt } from './receipt.js'
import type { ImportRecord } from './records.js'

const ref = { id: 'i', owner: 'o', fingerprint: 'f', udid: null }
const none = { stored: 0, present: 0, skipped: 0, failed: 0 }

const item = (record: ImportRecord) =>
  ({
    type: record.type,
    key: record.key,
    outcome: 'stored',
    reason: null,
    record,
    content: null,
    difference: null,
  }) as const

describe('a receipt of version 1', () => {
  const facts: ReceiptFacts = {
    version: 1,
    import: 'i',
    owner: 'o',
    source: { fingerprint: 'f', udid: null },
    counts: {
      chats: none,
      messages: { ...none, stored: 7 },
      contacts: none,
      attachments: { ...none, bytes: 0, reasons: {} },
    },
    digest: '0'.repeat(64),
    verifiedAt: 1,
  }

  it('is still believed, and counts no calls and no voicemails', async () => {
    const receipt = await parseReceipt(JSON.parse(JSON.stringify(await sealReceipt(facts))))
    expect(countsOf(receipt)).toEqual({ ...facts.counts, calls: none, voicemails: none })
  })

  it('is not believed as one of another version', async () => {
    const receipt = await sealReceipt(facts)
    await expect(parseReceipt({ ...receipt, version: 2 })).rejects.toMatchObject({ code: 'RECEIPT_INVALID' })
    await expect(parseReceipt({ ...receipt, version: 3 })).rejects.toMatchObject({ code: 'RECEIPT_INVALID' })
    expect((await receiptFor(ref)).version).toBe(3)
  })

  it('has the digest of records as they were then', () => {
    // What version 1 wrote for these, field by field.
    expect(digestLine(item(sampleAttachment('a', 'm')), 1)).toBe(
      '{"content":null,"key":"a@m","outcome":"stored","reason":null,"record":{"claimedBytes":17,"createdAt":1600000000500,' +
        '"guid":"a","isSticker":false,"key":"a@m","messageGuid":"m","mimeType":"image/heic","name":"IMG_0001.HEIC",' +
        '"type":"attachment","unavailable":null,"uti":"public.heic"},"type":"attachment"}\n',
    )
    const contact = { ...sampleContact('7'), addedLater: 'x' }
    expect(digestLine(item(contact), 1)).toBe(
      '{"content":null,"key":"7","outcome":"stored","reason":null,"record":{"birthday":"1990-02-28","createdAt":1500000000000,' +
        '"displayName":"Contact 7","firstName":"Ann","id":"7","key":"7","lastName":"Lee","middleName":null,"modifiedAt":null,' +
        '"note":null,"organization":null,"points":[{"kind":"phone","label":"mobile","value":"+15550001"}],"type":"contact"},' +
        '"type":"contact"}\n',
    )
  })
})

describe('the digest of later versions', () => {
  it('does not change by a field that says nothing, and changes by one that says something', () => {
    const message = sampleMessage('m')
    const line = digestLine(item(message))
    expect(digestLine(item({ ...message, addedLater: null } as ImportRecord))).toBe(line)
    expect(digestLine(item({ ...message, alsoLater: [] } as ImportRecord))).toBe(line)
    expect(digestLine(item({ ...message, subject: 'Hello' }))).not.toBe(line)
    expect(digestLine(item({ ...message, text: '' }))).not.toBe(line)
  })
})
