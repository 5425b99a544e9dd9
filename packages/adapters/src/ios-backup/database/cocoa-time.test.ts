import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SqliteDatabase } from '../../sqlite/driver.js'
import { openTestSqlite } from '../../testing/index.js'
import { isoDate, unixMillis, unixMillisSql, wholeMillis } from './cocoa-time.js'

describe('a date column becomes unix milliseconds', () => {
  let db: SqliteDatabase
  beforeAll(() => {
    db = openTestSqlite(':memory:', { readonly: false })
    db.exec('CREATE TABLE t (date INTEGER)')
  })
  afterAll(() => {
    db.close()
  })

  function read(literal: string): number | null {
    db.exec(`DELETE FROM t; INSERT INTO t VALUES (${literal})`)
    const row = db.prepare(`SELECT ${unixMillisSql('date')} AS millis FROM t`).get() as {
      millis: number | null
    }
    return row.millis === null ? null : wholeMillis(row.millis)
  }

  test.each([
    ['seconds, as up to iOS 10', '504921600', Date.UTC(2017, 0, 1)],
    ['nanoseconds, as from iOS 11', '504921600000000000', Date.UTC(2017, 0, 1)],
    [
      'nanoseconds beyond 2^53 that a double cannot hold, rounded down',
      '760569924490999999',
      1_738_877_124_490,
    ],
    ['nanoseconds just below the next millisecond', '588813210539999999', 1_567_120_410_539],
    ['nanoseconds before the epoch, rounded down', '-1500000000000001', 978_307_200_000 - 1_500_000_001],
    ['seconds before the epoch', '-3600', 978_307_200_000 - 3_600_000],
    ['a real number of seconds', '1000.5', 978_307_200_000 + 1_000_500],
    ['a real number of nanoseconds', '7.5e17 + 0.25', 978_307_200_000 + 750_000_000_000],
    ['one second', '1', 978_307_201_000],
  ])('%s', (_, literal, expected) => {
    expect(read(literal)).toBe(expected)
  })

  test.each(['0', 'NULL', "'soon'", "x'00ff'", '0.0'])('%s is no date', (literal) => {
    expect(read(literal)).toBeNull()
  })
})

test('seconds that a double cannot hold exactly fall on the millisecond that was meant', () => {
  for (let millis = 1_700_000_000_000; millis < 1_700_000_002_000; millis++) {
    expect(unixMillis((millis - 978_307_200_000) / 1000)).toBe(millis)
  }
})

test('milliseconds beyond what a Date can hold are no date', () => {
  expect(wholeMillis(8.7e15)).toBeNull()
  expect(unixMillis(Number.NaN)).toBeNull()
})

test('a birthday is a day in UTC, and years beyond four digits are none', () => {
  expect(isoDate(Date.UTC(1984, 1, 29, 12))).toBe('1984-02-29')
  expect(isoDate(Date.UTC(1604, 4, 5, 12))).toBe('1604-05-05')
  expect(isoDate(Date.UTC(12_000, 0, 1))).toBeNull()
})
