import { afterEach, expect, test } from 'vitest'
import { parsePlist } from '../../plist/parse-plist.js'
import { isDict, type PlistValue, plistDict } from '../../plist/plist-value.js'
import { EmulatedIphone } from '../../testing/emulated-iphone/emulated-iphone.js'
import { Afc, afcService } from '../afc/afc.js'
import { Lockdown } from '../lockdown/lockdown.js'
import { plainMux } from '../mux/plain-mux.js'
import { infoPlist } from './info-plist.js'

let phone: EmulatedIphone | null = null
afterEach(async () => {
  await phone?.stop()
})

test('a phone that says what XML cannot carry has an Info.plist with the rest', async () => {
  phone = await EmulatedIphone.start()
  const mux = plainMux({ address: phone.address })
  const [device] = await mux.list()
  if (device === undefined) throw new Error('no phone')
  const lockdown = await Lockdown.open(mux, device)
  await lockdown.startSession()
  const afc = new Afc(await lockdown.startService(afcService))
  await lockdown.end()
  const said = {
    values: new Map<string, PlistValue>([
      ['DeviceName', 'My\u0001 phone'],
      ['SerialNumber', 'F2L'],
    ]),
    iTunes: plistDict({ Nothing: null, KeyTypeSupportVersion: 492 }),
    iTunesVersion: '12.13',
    willEncrypt: false,
    apps: [],
  }
  const parsed = parsePlist(await infoPlist(phone.udid, said, afc, new Date(0)))
  if (!parsed.ok || !isDict(parsed.value)) throw new Error('Info.plist cannot be read')
  expect(parsed.value.get('Device Name')).toBe('My phone')
  expect(parsed.value.get('Serial Number')).toBe('F2L')
  expect(parsed.value.get('iTunes Settings')).toEqual(plistDict({ KeyTypeSupportVersion: 492 }))
  afc.end()
})
