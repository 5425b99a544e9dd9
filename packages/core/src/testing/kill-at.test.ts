import { describe, expect, it } from 'vitest'
import { createRunner, defineSaga, MemoryJournalStore, memoryJournal, type RunEvent, step } from '../index.js'
import { killAt, killPoints } from './kill-at.js'
import { VirtualClock } from './virtual-clock.js'

const saga = defineSaga({
  name: 'two',
  version: 1,
  steps: { a: step({ run: () => 'a' }), b: step({ run: () => 'b' }) },
})

async function runAndDie(commit: number, when: 'before' | 'after') {
  const store = new MemoryJournalStore()
  const clock = new VirtualClock()
  const process = killAt({ commit, when })
  const runner = createRunner({
    journal: process.journal(memoryJournal({ store, clock })),
    clock: process.clock(clock),
    sagas: [saga],
  })
  const events: RunEvent[] = []
  void runner.start(saga, null).then((run) => run.events.on('event', (event) => events.push(event)))
  await clock.advance(1000)
  return { store, clock, process, runner, types: events.map(({ type }) => type) }
}

describe('killAt', () => {
  it('before a commit: nothing of it is written, and nobody hears of it', async () => {
    const { store, process, types } = await runAndDie(2, 'before')
    const [run] = await memoryJournal({ store }).runs()
    expect(process.isDead).toBe(true)
    expect(run).toMatchObject({ status: 'working', step: 'a', entries: 1 })
    expect(types).toEqual([])
  })

  it('after a commit: it is written, and nobody hears of it', async () => {
    const { store, types } = await runAndDie(2, 'after')
    expect(await memoryJournal({ store }).runs()).toMatchObject([
      { status: 'working', step: 'b', entries: 2 },
    ])
    expect(types).toEqual([])
  })

  it('a point that never comes kills nothing', async () => {
    const { process, types } = await runAndDie(9, 'after')
    expect([process.isDead, process.commits]).toEqual([false, 3])
    expect(types.at(-1)).toBe('run.ended')
  })

  it('the dead write nothing, ask nothing and renew no lease; whoever comes after them can go on at once', async () => {
    const { store, clock, runner } = await runAndDie(2, 'after')
    const answered: string[] = []
    for (const call of [runner.start(saga, 2), runner.recover(), runner.runs()]) {
      void call.then(() => answered.push('a call of the dead'))
    }
    await clock.advance(86_400_000)
    expect(answered).toEqual([])
    const next = createRunner({ journal: memoryJournal({ store, clock }), clock, sagas: [saga] })
    expect((await next.recover()).resumed).toHaveLength(1)
    await clock.advance(0)
    expect(await next.runs()).toMatchObject([{ status: 'done', entries: 3 }])
  })

  it('stops the timers and the ports of the dead, also in the middle of a call', async () => {
    const clock = new VirtualClock()
    const process = killAt()
    const heard: string[] = []
    const port = process.port({
      quick: () => 1,
      slow: async () => new Promise<string>((resolve) => clock.setTimeout(() => resolve('slow'), 10)),
      fails: async () =>
        new Promise<string>((_, reject) => clock.setTimeout(() => reject(new Error('late')), 10)),
      items: async function* () {
        yield 1
        await new Promise<void>((resolve) => {
          clock.setTimeout(resolve, 10)
        })
        yield 2
      },
    })
    const iterate = async (): Promise<void> => {
      for await (const item of port.items()) heard.push(`item ${item}`)
    }
    process.clock(clock).setTimeout(() => heard.push('timer'), 10)
    void port.slow().then(() => heard.push('resolved'))
    void port.fails().catch(() => heard.push('rejected'))
    void iterate()
    heard.push(`quick ${port.quick()}`)
    await clock.advance(5)
    await process.kill()
    void iterate()
    void port.slow().then(() => heard.push('called by the dead'))
    await clock.advance(100)
    expect(heard).toEqual(['quick 1', 'item 1'])
  })

  it('lists every point of a process in order', () => {
    expect(killPoints(2)).toEqual([
      { commit: 1, when: 'before' },
      { commit: 1, when: 'after' },
      { commit: 2, when: 'before' },
      { commit: 2, when: 'after' },
    ])
  })
})
