import type { ChatRecord } from '@holdfast/core/import'
import { PeopleMaker, type Person } from '../contacts/people.js'
import { isSince, type SchemaVersion } from '../folder/generations.js'
import type { Random } from '../random.js'

/** A row of `handle`: one way to reach somebody over one service. */
export interface Handle {
  readonly rowid: number
  readonly id: string
  readonly country: string | null
  readonly service: string
  readonly person: Person
}

/** A row of `chat` and the handles that belong to it. */
export interface Chat {
  readonly rowid: number
  readonly guid: string
  readonly isGroup: boolean
  readonly identifier: string
  readonly roomName: string | null
  /** As the column holds it: null, empty or a name. */
  readonly displayName: string | null
  readonly service: string
  readonly members: readonly Handle[]
}

/** Everybody and every chat of a backup. */
export interface Conversations {
  readonly people: readonly Person[]
  readonly handles: readonly Handle[]
  /** In the order of their row ids, which have gaps. */
  readonly chats: readonly Chat[]
}

const groupNames = ['Family 🏡', 'Book club', 'Ski trip 2019', 'Straße 12', 'チーム', '', null] as const

/**
 * Plans `count` chats: about a quarter groups, the others one for each way to reach a person, so that one person is spread over
 * several handles, services and chats.
 */
export function planConversations(random: Random, count: number, version: SchemaVersion): Conversations {
  const groups = count < 2 ? 0 : Math.max(1, Math.round(count / 4))
  const maker = new PeopleMaker(random)
  const people: Person[] = []
  const handles: Handle[] = []
  const chats: Chat[] = []
  // iOS 6 has no column for it.
  const named = isSince(version, 'ios-9')
  let rowid = 0
  const nextRowid = () => {
    rowid += random.chance(0.1) ? 2 : 1
    return rowid
  }

  while (chats.length < count - groups) {
    const person = maker.next()
    people.push(person)
    for (const [id, service] of waysToReach(random, person, version)) {
      if (chats.length === count - groups) break
      const handle: Handle = { rowid: handles.length + 1, id, country: countryOf(id), service, person }
      handles.push(handle)
      chats.push({
        rowid: nextRowid(),
        guid: `${service};-;${id}`,
        isGroup: false,
        identifier: id,
        roomName: null,
        displayName: named ? random.pick([null, '']) : null,
        service,
        members: [handle],
      })
    }
  }
  for (let index = 0; index < groups; index++) {
    const candidates = random.shuffle(handles).slice(0, random.integer(2, 9))
    const members = [...new Map(candidates.map((handle) => [handle.id, handle])).values()]
    const service = members.every((member) => member.service === 'iMessage') ? 'iMessage' : 'SMS'
    const room = `chat${random.integer(10 ** 8, 10 ** 9 - 1)}${random.integer(10 ** 8, 10 ** 9 - 1)}`
    chats.push({
      rowid: nextRowid(),
      guid: `${service};+;${room}`,
      isGroup: true,
      identifier: room,
      roomName: room,
      displayName: named ? random.pick(groupNames) : null,
      service,
      members,
    })
  }
  return { people, handles, chats }
}

/** What a reader should make of a chat. */
export function chatRecord(chat: Chat): ChatRecord {
  return {
    type: 'chat',
    key: chat.guid,
    guid: chat.guid,
    identifier: chat.identifier,
    displayName: chat.displayName === '' ? null : chat.displayName,
    isGroup: chat.isGroup,
    service: chat.service,
    members: chat.members.map((member) => member.id).sort((a, b) => (a < b ? -1 : 1)),
  }
}

function waysToReach(
  random: Random,
  person: Person,
  version: SchemaVersion,
): readonly (readonly [id: string, service: string])[] {
  const ways: (readonly [string, string])[] = []
  for (const phone of person.phones) {
    if (!phone.startsWith('+')) {
      ways.push([phone, 'SMS'])
      continue
    }
    ways.push([phone, 'iMessage'])
    if (random.chance(0.5)) ways.push([phone, 'SMS'])
    if (isSince(version, 'ios-18') && random.chance(0.3)) ways.push([phone, 'RCS'])
  }
  for (const email of person.emails) ways.push([email, 'iMessage'])
  return ways
}

function countryOf(id: string): string | null {
  const prefixes: readonly (readonly [string, string])[] = [
    ['+1', 'us'],
    ['+44', 'gb'],
    ['+49', 'de'],
    ['+81', 'jp'],
  ]
  return prefixes.find(([prefix]) => id.startsWith(prefix))?.[1] ?? null
}
