import type { CallRecord } from '@holdfast/core/import'
import type { Person } from '../contacts/people.js'
import { cocoaEpochSeconds } from '../folder/apple-time.js'
import type { Random } from '../random.js'

/** A row of `ZCALLRECORD` and the handles that it is joined with. */
export interface PlannedCall {
  readonly pk: number
  /** Null and repeated ones occur; then a reader falls back to the row id. */
  readonly uniqueId: string | null
  /** Unix milliseconds; null where the row has no date. */
  readonly at: number | null
  /** Seconds, with a fraction. */
  readonly duration: number
  /** As the column holds it: text, the same as bytes, or nothing. */
  readonly address: string | Uint8Array | null
  readonly originated: boolean
  readonly answered: boolean
  /** 0 another app, 1 phone, 8 FaceTime video, 16 FaceTime audio; others occur. */
  readonly callType: number
  readonly provider: string | null
  readonly country: string | null
  readonly name: string | null
  /** Values of `ZHANDLE`, in the order of their rows. */
  readonly participants: readonly string[]
}

/** Bytes that are no UTF-8: an address that cannot be read. */
const noText = Uint8Array.of(0xff, 0xfe, 0x2b, 0x31)

const phone = 'com.apple.Telephony'
const faceTime = 'com.apple.FaceTime'

/**
 * Plans `count` calls with these people. The first few cover what is odd about call histories; `unreadable` of the others have an
 * address that cannot be read.
 */
export function planCalls(
  random: Random,
  count: number,
  options: { readonly people: readonly Person[]; readonly takenAt: number; readonly unreadable: number },
): PlannedCall[] {
  const calls: PlannedCall[] = []
  let pk = 0
  while (calls.length < count) {
    pk += random.chance(0.05) ? 2 : 1
    const planned = planCall(random, pk, options)
    const oddity = oddities[calls.length]
    const isUnreadable = calls.length >= count - options.unreadable
    calls.push({
      ...planned,
      ...(isUnreadable ? { address: noText } : oddity?.(planned, calls)),
    })
  }
  return calls
}

/** What real histories also hold, by place in the plan. */
const oddities: readonly ((planned: PlannedCall, before: readonly PlannedCall[]) => Partial<PlannedCall>)[] =
  [
    () => ({ address: Buffer.from('+15552000002'), participants: ['+15552000002'] }),
    () => ({ uniqueId: null }),
    (_, before) => ({ uniqueId: before[0]?.uniqueId ?? null }),
    () => ({ uniqueId: '' }),
    () => ({ at: null }),
    // A caller who hides the number.
    () => ({ address: null, participants: [], originated: false, country: null }),
    () => ({ address: '', participants: [], originated: false, country: null }),
    () => ({
      address: null,
      callType: 8,
      provider: faceTime,
      name: 'Ski trip',
      participants: ['+447700900001', 'reader@example.com', '+447700900001', '+4915112345678'],
    }),
    () => ({ callType: 0, provider: 'net.whatsapp.WhatsApp', country: null }),
    () => ({ callType: 4711 }),
    () => ({ originated: false, answered: false, duration: 0 }),
    // The phone does not note whether a call that it made was answered.
    () => ({ originated: true, answered: false, duration: 61.75 }),
    () => ({ name: 'Bäckerei Kröger' }),
  ]

function planCall(
  random: Random,
  pk: number,
  { people, takenAt }: { readonly people: readonly Person[]; readonly takenAt: number },
): PlannedCall {
  const [person] = people.length === 0 ? [] : [random.pick(people)]
  const address = person?.phones[0] ?? person?.emails[0] ?? '+15552000003'
  const callType = address.includes('@') ? random.pick([8, 16]) : random.pick([1, 1, 1, 1, 8, 16])
  const answered = random.chance(0.7)
  const at = takenAt - random.integer(60_000, 2_000_000_000) - random.integer(0, 999)
  return {
    pk,
    uniqueId: random.uuid(),
    at,
    duration: answered ? random.integer(1, 3_600_000) / 1000 : 0,
    address,
    originated: random.chance(0.5),
    answered,
    callType,
    provider: callType === 1 ? phone : faceTime,
    country: address.startsWith('+44') ? 'gb' : 'us',
    name: null,
    participants: [address],
  }
}

/** A date as the column holds it: seconds on Apple's clock, with a fraction. */
export function toCallDate(at: number | null): number | null {
  return at === null ? null : at / 1000 - cocoaEpochSeconds
}

/** What a reader should make of a call; null where the row cannot be read. `seen` holds the ids of the calls before. */
export function callRecord(
  call: PlannedCall,
  columns: { readonly withProvider: boolean; readonly withParticipants: boolean },
  seen: Set<string>,
): CallRecord | null {
  if (call.address === noText) return null
  const own = call.uniqueId === null || call.uniqueId === '' || seen.has(call.uniqueId)
  const id = own ? `call-${call.pk}` : (call.uniqueId ?? '')
  seen.add(id)
  const address = typeof call.address === 'string' ? call.address : call.address && decode(call.address)
  const participants = columns.withParticipants ? [...new Set(call.participants)] : []
  return {
    type: 'call',
    key: id,
    id,
    startedAt: call.at,
    durationMs: Math.round(call.duration * 1000),
    direction: call.originated ? 'outgoing' : 'incoming',
    isAnswered: call.answered || (call.originated && call.duration > 0),
    medium: media[call.callType] ?? 'other',
    service: columns.withProvider ? call.provider : null,
    handles: participants.length > 0 ? participants : address ? [address] : [],
  }
}

const media: Readonly<Record<number, CallRecord['medium']>> = {
  1: 'phone',
  8: 'facetime-video',
  16: 'facetime-audio',
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}
