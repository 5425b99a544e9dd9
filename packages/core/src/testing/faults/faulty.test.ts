import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { BackupReader } from '../../import/index.js'
import { failure, isFailure, type Journal, memoryJournal } from '../../index.js'
import { sampleMessage } from '../sample-records.js'
import { ScriptedPhone } from '../scripted-phone.js'
import { VirtualClock } from '../virtual-clock.js'
import {
  breaksAfter,
  changes,
  fromCall,
  hangs,
  hangsAfter,
  inTurn,
  onCall,
  rejects,
  resolves,
  returns,
  slow,
  throws,
  when,
} from './faults.js'
import { type FaultPlan, faulty } from './faulty.js'
import { Gate } from './gate.js'
import { systemError } from './system-error.js'

/** A host's own port, of every shape that a method can have. */
class Mailer {
  readonly #sent: string[] = []
  greeting = 'hello'

  get sent(): readonly string[] {
    return this.#sent
  }
  isOpen(): boolean {
    return true
  }
  async send(text: string, _options: { readonly signal?: AbortSignal } = {}): Promise<unknown> {
    this.#sent.push(text)
    return { ok: true }
  }
  async *inbox(_signal?: AbortSignal): AsyncIterable<number> {
    yield* [1, 2, 3, 4]
  }
}

async function take<Item>(items: AsyncIterable<Item>, into: Item[] = []): Promise<Item[]> {
  for await (const item of items) into.push(item)
  return into
}

describe('a faulty port', () => {
  it('without a plan is the port itself, private fields and properties included, and tells what was asked of it', async () => {
    const mailer = new Mailer()
    const { port, calls, count } = faulty(mailer)
    expect(port.isOpen()).toBe(true)
    await port.send('a')
    await port.send('b')
    expect(await take(port.inbox())).toEqual([1, 2, 3, 4])
    port.greeting = 'good evening'
    expect([mailer.greeting, port.greeting, port.sent]).toEqual(['good evening', 'good evening', ['a', 'b']])
    expect(calls).toEqual([
      { method: 'isOpen', n: 1, parameters: [] },
      { method: 'send', n: 1, parameters: ['a'] },
      { method: 'send', n: 2, parameters: ['b'] },
      { method: 'inbox', n: 1, parameters: [] },
    ])
    expect([count('send'), count('isOpen')]).toEqual([2, 1])
    expect(port).toBeInstanceOf(Mailer)
  })

  it('fails at the planned call only, and a call that failed was not made', async () => {
    const { port } = faulty(new Mailer(), { send: onCall(2, rejects(systemError('ENOSPC'))) })
    await port.send('a')
    await expect(port.send('b')).rejects.toMatchObject({ code: 'ENOSPC', syscall: 'write' })
    await port.send('c')
    expect(port.sent).toEqual(['a', 'c'])
  })

  it('fails from the planned call on', async () => {
    const { port } = faulty(new Mailer(), { isOpen: fromCall(2, throws(new Error('gone'))) })
    expect(port.isOpen()).toBe(true)
    expect(() => port.isOpen()).toThrow('gone')
    expect(() => port.isOpen()).toThrow('gone')
  })

  it('returns values and failures in place of the call', async () => {
    const { port } = faulty(new Mailer(), { isOpen: returns(false), send: resolves(failure('no')) })
    expect(port.isOpen()).toBe(false)
    expect(isFailure(await port.send('a'))).toBe(true)
    expect(port.sent).toEqual([])
  })

  it('hangs until the gate is opened, and then makes the call', async () => {
    const gate = new Gate()
    const { port } = faulty(new Mailer(), { send: hangs(gate) })
    const sending = port.send('a')
    await gate.reached
    expect(port.sent).toEqual([])
    gate.open()
    await sending
    expect(port.sent).toEqual(['a'])
  })

  it('hangs until the signal that it was given aborts', async () => {
    const controller = new AbortController()
    const { port } = faulty(new Mailer(), { send: hangs(), inbox: hangsAfter(2) })
    const sending = port.send('a', { signal: controller.signal })
    const seen: number[] = []
    const reading = take(port.inbox(controller.signal), seen)
    controller.abort(new Error('cancelled'))
    await expect(sending).rejects.toThrow('cancelled')
    await expect(reading).rejects.toThrow('cancelled')
    expect(seen).toEqual([1, 2])
    await expect(port.send('b', { signal: controller.signal })).rejects.toThrow('cancelled')
  })

  it('is slow by the clock', async () => {
    const clock = new VirtualClock()
    const { port } = faulty(new Mailer(), { send: slow(1000, clock) })
    const sending = port.send('a')
    await clock.advance(999)
    expect(port.sent).toEqual([])
    await clock.advance(1)
    await sending
    expect(port.sent).toEqual(['a'])
  })

  it('breaks off an async iterable after some of its items', async () => {
    const { port } = faulty(new Mailer(), { inbox: onCall(1, breaksAfter(2, systemError('EIO', 'read'))) })
    const seen: number[] = []
    await expect(take(port.inbox(), seen)).rejects.toMatchObject({ code: 'EIO', errno: expect.any(Number) })
    expect(seen).toEqual([1, 2])
    expect(await take(port.inbox())).toEqual([1, 2, 3, 4])
  })

  it('asks one fault after the other', async () => {
    const clock = new VirtualClock()
    const { port } = faulty(new Mailer(), {
      send: inTurn(
        onCall(1, slow(10, clock)),
        when(({ parameters: [text] }) => text === 'spam', rejects(new Error('refused'))),
      ),
    })
    await Promise.all([expect(port.send('spam')).rejects.toThrow('refused'), clock.advance(10)])
    await expect(port.send('spam')).rejects.toThrow('refused')
    await port.send('ham')
    expect(port.sent).toEqual(['ham'])
  })

  it('reaches the ports that a port hands out', async () => {
    const phone = new ScriptedPhone({
      records: [sampleMessage('m1'), sampleMessage('m2')],
      content: new Map(),
    })
    phone.backupExists = true
    const reader: BackupReader = faulty<BackupReader>(phone, {
      open: changes((backup) => faulty(backup, { read: breaksAfter(1, systemError('EBUSY', 'read')) }).port),
    }).port
    const { signal } = new AbortController()
    const backup = await reader.open('/backups/scripted', { signal })
    const seen: unknown[] = []
    await expect(take(backup.read({ after: null, batchSize: 1, signal }), seen)).rejects.toMatchObject({
      code: 'EBUSY',
    })
    expect(seen).toHaveLength(1)
  })

  it('can be spread and frozen as the port could', async () => {
    const inner: Journal = Object.freeze(memoryJournal())
    const { port } = faulty(inner, { runs: rejects(new Error('no list')) })
    const copy: Journal = { ...port }
    await expect(copy.runs()).rejects.toThrow('no list')
    expect(copy.leaseDuration).toBe(inner.leaseDuration)
  })

  it('takes only plans that give what the method gives', () => {
    // A method of promises cannot return something else, and a property cannot be called.
    expectTypeOf<() => number>().not.toExtend<FaultPlan<Mailer>['send']>()
    expectTypeOf<() => Promise<boolean>>().not.toExtend<FaultPlan<Mailer>['isOpen']>()
    expectTypeOf<() => string>().not.toExtend<FaultPlan<Mailer>['greeting']>()
    expectTypeOf<() => Promise<never>>().toExtend<FaultPlan<Mailer>['send']>()
  })
})

describe('a system error', () => {
  it('is what Node itself throws', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-system-error-'))
    const real: unknown = await readFile(join(folder, 'missing')).catch((error: unknown) => error)
    rmSync(folder, { recursive: true })
    const { code, errno, syscall } = systemError('ENOENT', 'open')
    expect(real).toMatchObject({ code, errno, syscall })
    expect(String(real)).toContain(systemError('ENOENT', 'open').message)
  })

  it('of an unknown code is refused', () => {
    expect(() => systemError('ENOSUCHCODE')).toThrow(TypeError)
  })
})
