import { isHoldfastError } from '@holdfast/core'
import { rows } from '../database/backup-database.js'
import { messageDatabase } from '../manifest/file-id.js'
import type { PartSource } from '../parts/backup-part.js'
import { type HomeRegion, regionOf, regionOfNumber } from './phone-number.js'

/**
 * Where the phone is at home, which is what makes a number that was typed without a country international: the country of its own
 * number (Info.plist), or else the one that most handles of sms.db carry. Null where neither is there.
 */
export async function homeRegion(source: PartSource): Promise<HomeRegion> {
  return (
    (source.ownNumber === null ? null : regionOfNumber(source.ownNumber)) ?? (await handlesRegion(source))
  )
}

async function handlesRegion(source: PartSource): Promise<HomeRegion> {
  try {
    const name = { file: 'sms.db', what: 'The message database', damaged: 'MESSAGES_DAMAGED' } as const
    const found = await source.openDatabase(messageDatabase, name)
    if (found.state !== 'present' || found.database.columns('handle')?.has('country') !== true) return null
    const { database } = found
    const [most] = database.guard(() =>
      rows<{ country: string }>(
        database
          .prepare(
            `SELECT country FROM handle WHERE typeof(country) = 'text' AND country <> ''
              GROUP BY lower(country) ORDER BY count(*) DESC, country LIMIT 1`,
          )
          .all(),
      ),
    )
    return regionOf(most?.country ?? null)
  } catch (thrown) {
    // Whether the message database is sound is for the messages to say, where they were chosen.
    if (isHoldfastError(thrown)) return null
    throw thrown
  }
}
