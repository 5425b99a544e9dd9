import { createInspector, type StatelyInspectionEvent } from '@statelyai/inspect'
import { describe, expect, it } from 'vitest'
import type { InspectionEvent } from 'xstate'
import {
  createRunner,
  defineSaga,
  HoldfastError,
  type InspectOptions,
  type JsonObject,
  memoryJournal,
  reportText,
  step,
} from '../index.js'

/** What no report and no inspector may show: each stands in a place of its own. */
const personal = {
  owner: 'alice.example',
  key: 'backup of Marlowe',
  resource: 'device:00008030-001A2B3C4D5E',
  inputText: '/Users/alice/Backups/iPhone of Alice',
  inputNumber: 15_551_234_567,
  inputProperty: '+49 170 5550123',
  output: 'Robert Tables <bob@example.com>',
  checkpoint: 'chat;-;+15550109999',
  errorMessage: 'Cassandra Quux',
  errorQuoted: 'Letters to Ophelia.pdf',
  errorHint: 'Hammersmith Road',
  errorFact: '/Volumes/Yorick',
  ask: 'Desdemona',
  undoError: 'Laertes',
  hookError: 'Fortinbras',
  discard: 'Guildenstern',
  fact: 'Rosencrantz',
  factOfStep: 52.520_008,
} as const
/** What a user answers is shown to nobody and written nowhere. */
const secret = 'correct horse battery staple'

const saga = defineSaga({
  name: 'personal',
  version: 1,
  resources: () => [personal.resource],
  facts: ({ outputs }) => ({
    fact: personal.fact,
    at: outputs['read'] === undefined ? 0 : personal.factOfStep,
  }),
  steps: {
    read: step({
      run: async ({ ask, saveCheckpoint }) => {
        await ask({ kind: 'password', message: `The password of ${personal.ask}, please`, secret: true })
        await saveCheckpoint({ chat: personal.checkpoint })
        return { contact: personal.output }
      },
    }),
    store: step({
      run: ({ input }) => {
        if (input !== null && typeof input === 'object' && 'good' in input) return null
        const message = `Could not store ${personal.errorMessage} from '${personal.errorQuoted}'`
        const facts = { path: personal.errorFact, systemCode: 'ENOSPC' }
        throw new HoldfastError('STORE_FAILED', message, { hint: `Go to ${personal.errorHint}.`, facts })
      },
      compensate: ({ reason }) => {
        if (reason === 'discarded')
          throw new HoldfastError('STORE_FAILED', personal.undoError, { retryable: false })
      },
    }),
  },
  hooks: {
    'tell-user': { run: () => Promise.reject(new Error(personal.hookError)), retry: { attempts: 1 } },
  },
})

/** Everything that the reports and the inspectors of two runs show: one that gets stuck, and one that is done. */
async function everythingShown(redact: InspectOptions['redact']): Promise<string> {
  let runs = 0
  const shown: unknown[] = []
  const { inspect } = createInspector({ send: (event: StatelyInspectionEvent) => shown.push(event) })
  const observer = (event: InspectionEvent): void => {
    const { actorRef, ...told } = event
    const state: unknown = actorRef.getSnapshot()
    shown.push(structuredClone({ ...told, sourceRef: undefined, state }))
    inspect.next?.(event)
  }
  const runner = createRunner({
    journal: memoryJournal(),
    sagas: [saga],
    newId: () => `run-${(runs += 1)}`,
    inspect: redact === undefined ? observer : { observer, redact },
  })
  const input = {
    path: personal.inputText,
    phone: personal.inputNumber,
    [personal.inputProperty]: true,
  }
  for (const [more, key] of [
    [{}, personal.key],
    [{ good: true }, `${personal.key} again`],
  ] as const) {
    const run = await runner.start(saga, { ...input, ...more }, { owner: personal.owner, key })
    while (run.view.getSnapshot().ask === null) await new Promise((resolve) => setTimeout(resolve, 1))
    const options = redact === undefined ? {} : { redact }
    shown.push(await runner.report(run.id, options))
    await run.provide('password', secret)
    if ((await run.outcome()).status === 'retryable') {
      shown.push(await runner.report(run.id, options))
      await run.discard({ note: personal.discard } satisfies JsonObject)
    }
    const report = await runner.report(run.id, options)
    shown.push(report, reportText(report))
  }
  await runner.shutdown()
  // The inspector sends each event in a timer of its own, which was set before this one.
  await new Promise((resolve) => setTimeout(resolve, 0))
  return JSON.stringify(shown)
}

describe('of a person', () => {
  it('no report and no inspector shows anything by default', async () => {
    const shown = await everythingShown(undefined)
    for (const [place, value] of Object.entries(personal)) {
      expect(shown.includes(String(value)), `${place} is shown`).toBe(false)
      // Nor any part of it that could tell somebody.
      for (const part of String(value).match(/[A-Z][a-z]{4,}|\d{5,}/g) ?? []) {
        expect(shown.includes(part), `${part} of ${place} is shown`).toBe(false)
      }
    }
    expect(shown).not.toContain('horse')
    // What support needs is there all the same.
    for (const word of [
      'STORE_FAILED',
      'ENOSPC',
      'Could not store …',
      'tell-user',
      'stuck',
      'compensating',
    ]) {
      expect(shown).toContain(word)
    }
  })

  it('everything is shown where the host says so, except what was a secret', async () => {
    const shown = await everythingShown(false)
    for (const [place, value] of Object.entries(personal)) {
      expect(shown.includes(String(value)), `${place} is shown`).toBe(true)
    }
    expect(shown).not.toContain('horse')
  })
})
