/** Phone numbers by the user part of a `@lid` address, both in digits. */
export type PhoneByLid = ReadonlyMap<string, string>

const phoneServers = new Set(['s.whatsapp.net', 'c.us'])

/**
 * The handle of somebody on WhatsApp: the phone number with its plus for `<number>@s.whatsapp.net`, and for a `<id>@lid` whose number
 * is known; any other address (a group, a broadcast list, a hidden id) as it is, without the number of a device.
 */
export function handleOfJid(jid: string, phoneByLid: PhoneByLid): string {
  const { user, server } = partsOf(jid)
  if (phoneServers.has(server) && isPhone(user)) return `+${user}`
  if (server !== 'lid') return jid
  const phone = phoneByLid.get(user)
  return phone === undefined ? `${user}@lid` : `+${phone}`
}

/** Whether an address is that of a conversation of several: a group or a list of recipients. */
export function isGroupJid(jid: string): boolean {
  const { user, server } = partsOf(jid)
  return server === 'g.us' || server === 'newsletter' || (server === 'broadcast' && user !== 'status')
}

/** The digits of a phone number that a column holds as an address, with a plus or bare; null when it is none. */
export function phoneDigits(text: string): string | null {
  const { user } = partsOf(text)
  const digits = user.startsWith('+') ? user.slice(1) : user
  return isPhone(digits) ? digits : null
}

/** The user part of an address, `1234` of `1234:5@lid` and of `1234`. */
export function userOfJid(jid: string): string {
  return partsOf(jid).user
}

/** An address is `<user>[.<agent>][:<device>]@<server>`; only the user and the server say who is meant. */
function partsOf(jid: string): { readonly user: string; readonly server: string } {
  const at = jid.lastIndexOf('@')
  const account = at < 0 ? jid : jid.slice(0, at)
  const server = at < 0 ? '' : jid.slice(at + 1)
  const isPerson = server === 'lid' || phoneServers.has(server)
  return { user: isPerson ? account.replace(/[.:].*$/, '') : account, server }
}

/** At most the fifteen digits of ITU-T E.164, which begin with a country code; shorter ones are accounts of WhatsApp itself. */
function isPhone(digits: string): boolean {
  return /^[1-9]\d{4,14}$/.test(digits)
}
