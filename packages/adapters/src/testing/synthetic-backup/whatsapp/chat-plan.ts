import type { ChatRecord } from '@holdfast/core/import'
import type { Random } from '../random.js'
import type { WhatsAppApp } from '../well-known-files.js'
import type { WhatsAppPerson } from './people.js'

/** A row of `ZWAGROUPMEMBER`. */
export interface PlannedMember {
  readonly pk: number
  readonly person: WhatsAppPerson
  /** False for one who left. */
  readonly isActive: boolean
}

/** A row of `ZWACHATSESSION` and its members. */
export interface PlannedChat {
  readonly pk: number
  readonly jid: string | null
  readonly guid: string
  readonly name: string | null
  readonly sessionType: number
  readonly isGroup: boolean
  /** The other of a conversation of two; null for all else. */
  readonly person: WhatsAppPerson | null
  readonly members: readonly PlannedMember[]
}

/** What guids of an app begin with. */
export const guidPrefixes: Readonly<Record<WhatsAppApp, string>> = {
  WhatsApp: 'whatsapp',
  'WhatsApp Business': 'whatsapp-business',
}

/** `ZWACHATSESSION.ZSESSIONTYPE`. */
const sessionTypes = { direct: 0, group: 1, broadcast: 2, status: 3, channel: 5 } as const

/**
 * Plans `count` conversations: of two and groups in turn, and, where there are more than five, one that has no address, one whose
 * address another one has already, a list of recipients, the status updates and a channel.
 */
export function planChats(
  random: Random,
  count: number,
  app: WhatsAppApp,
  people: readonly WhatsAppPerson[],
): PlannedChat[] {
  const prefix = guidPrefixes[app]
  const chats: PlannedChat[] = []
  let pk = 0
  let memberPk = 0
  for (let index = 0; index < count; index++) {
    pk += random.chance(0.1) ? 2 : 1
    const odd = count > 5 ? oddChats[index - 2] : undefined
    const person = people[index % Math.max(1, people.length)] ?? null
    const members: PlannedMember[] = []
    const isGroup = odd?.isGroup ?? index % 2 === 1
    if (isGroup && odd === undefined) {
      for (const member of random.shuffle(people).slice(0, random.integer(2, 6))) {
        memberPk += 1
        members.push({ pk: memberPk, person: member, isActive: members.length !== 1 })
      }
    }
    const jid =
      odd === undefined
        ? isGroup
          ? `12036${random.integer(10 ** 9, 10 ** 10 - 1)}${random.integer(100, 999)}@g.us`
          : (person?.jid ?? '15552000009@s.whatsapp.net')
        : odd.jid(chats, random)
    const isTwin = jid !== null && chats.some((chat) => chat.jid === jid)
    chats.push({
      pk,
      jid,
      guid: jid === null ? `${prefix}:#${pk}` : `${prefix}:${jid}${isTwin ? `#${pk}` : ''}`,
      name:
        odd === undefined
          ? isGroup
            ? random.pick(['Chor 🎶', 'Umzug', '旅行'])
            : (person?.name ?? null)
          : null,
      sessionType: odd?.sessionType ?? (isGroup ? sessionTypes.group : sessionTypes.direct),
      isGroup,
      person: odd === undefined && !isGroup ? person : (odd?.person(chats) ?? null),
      members,
    })
  }
  return chats
}

interface OddChat {
  readonly isGroup: boolean
  readonly sessionType: number
  readonly jid: (before: readonly PlannedChat[], random: Random) => string | null
  readonly person: (before: readonly PlannedChat[]) => WhatsAppPerson | null
}

const oddChats: readonly OddChat[] = [
  { isGroup: false, sessionType: sessionTypes.direct, jid: () => null, person: () => null },
  {
    isGroup: false,
    sessionType: sessionTypes.direct,
    jid: (before) => before[0]?.jid ?? null,
    person: (before) => before[0]?.person ?? null,
  },
  {
    isGroup: true,
    sessionType: sessionTypes.broadcast,
    jid: (_, random) => `${random.integer(10 ** 9, 10 ** 10 - 1)}@broadcast`,
    person: () => null,
  },
  {
    isGroup: false,
    sessionType: sessionTypes.status,
    jid: () => 'status@broadcast',
    person: () => null,
  },
  {
    isGroup: true,
    sessionType: sessionTypes.channel,
    jid: (_, random) => `12036${random.integer(10 ** 9, 10 ** 10 - 1)}@newsletter`,
    person: () => null,
  },
]

/** What a reader should make of a conversation. */
export function chatRecord(chat: PlannedChat, app: WhatsAppApp): ChatRecord {
  const active = chat.members.filter(({ isActive }) => isActive).map(({ person }) => person.handle)
  const other = chat.person?.handle ?? (chat.isGroup ? null : chat.jid)
  return {
    type: 'chat',
    key: chat.guid,
    guid: chat.guid,
    identifier: chat.person?.handle ?? chat.jid,
    displayName: chat.name,
    isGroup: chat.isGroup,
    service: app,
    members: chat.isGroup ? [...new Set(active)].sort() : other === null ? [] : [other],
  }
}
