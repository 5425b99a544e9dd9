/**
 * A handle (a phone number or address that a message, call or voicemail names) in the form in which equal ones are equal: addresses of
 * e-mail in lower case, numbers without what people put between their digits. Numbers are not made international, for which the
 * country would have to be known: those that a reader gives are already. Short codes and names of senders stay.
 */
export function canonicalHandle(handle: string): string {
  const text = handle.trim()
  if (text.includes('@')) return text.toLowerCase()
  const digits = text.replace(/[\s().\-/\u2010-\u2015\u00a0\u202a-\u202e]/g, '')
  return /^\+?\d+$/.test(digits) ? digits : text
}
