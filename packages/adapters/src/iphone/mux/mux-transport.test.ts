import { describe, expect, test } from 'vitest'
import { muxContract } from '../../testing/mux-contract.js'
import { appiumMux } from './appium-mux.js'
import { plainMux } from './plain-mux.js'

describe('the plain client of the mux', () => {
  for (const { name, run } of muxContract((address) => plainMux({ address })))
    test(name, () => expect(run()).resolves.toBeUndefined())
})

describe('appium-ios-device', () => {
  for (const { name, run } of muxContract((address) => appiumMux({ address, lookEvery: 5 })))
    test(name, () => expect(run()).resolves.toBeUndefined())
})
