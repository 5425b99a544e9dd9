import { storageContract } from '@holdfast/core/testing'
import { describe, expect, it } from 'vitest'
import { makeHostApp } from './host-app.js'

describe('a storage over the tables of an app', () => {
  for (const { name, run } of storageContract(makeHostApp, { lacks: ['links'] })) {
    it(name, async () => {
      await expect(run()).resolves.toBeUndefined()
    })
  }
})
