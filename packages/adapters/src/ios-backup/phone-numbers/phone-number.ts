import { canonicalHandle } from '@holdfast/core/import'
import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/min'

/** Where a number without a country is taken to be from: an ISO 3166 code; null where nothing says. */
export type HomeRegion = CountryCode | null

/** Shorter national numbers are service numbers and short codes, which no country code goes before. */
const leastNationalDigits = 7

/**
 * The handle that a phone number is, however a person typed it: E.164 where its country is written or known, else as
 * {@link canonicalHandle} has it. Short codes and names of senders stay what they are. An extension is left out, as Messages does.
 *
 * Only the form is asked for, not whether the number is in use: ranges are assigned faster than lists of them are updated.
 */
export function handleOfPhone(text: string, region: HomeRegion): string {
  const number = parsePhoneNumberFromString(text, {
    // A name with a number in it is a name.
    extract: false,
    ...(region === null ? {} : { defaultCountry: region }),
  })
  if (number?.isPossible() !== true || number.nationalNumber.length < leastNationalDigits) {
    return canonicalHandle(text)
  }
  return number.number
}

/** The region that a code in whatever case names; null for none that is known. */
export function regionOf(code: string | null): HomeRegion {
  const upper = code?.toUpperCase()
  return upper !== undefined && isSupportedCountry(upper) ? upper : null
}

/**
 * The region of an international number. Several countries share some country codes (+1, +44, +7): where the number does not tell
 * which, `shared` has the one to take, because they write their numbers alike.
 */
export function regionOfNumber(text: string): HomeRegion {
  const number = parsePhoneNumberFromString(text)
  if (number === undefined) return null
  return (
    number.country ??
    sharedCodes.find((region) => getCountryCallingCode(region) === number.countryCallingCode) ??
    null
  )
}

/** The first country of each country code that several share (ITU E.164 assigned codes). */
const sharedCodes: readonly CountryCode[] = [
  'US',
  'GB',
  'RU',
  'IT',
  'AU',
  'NO',
  'FI',
  'MA',
  'GP',
  'RE',
  'SH',
  'CW',
]
