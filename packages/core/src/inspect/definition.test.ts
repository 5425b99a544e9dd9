import { describe, expect, it } from 'vitest'
import { type AnyStateMachine, createMachine, fromPromise, stateIn } from 'xstate'
import { backupImport } from '../import/index.js'
import { chartOf, defineSaga, definitionOf, step } from '../index.js'
import { MemoryLibrary } from '../testing/memory-library.js'
import { ScriptedPhone } from '../testing/scripted-phone.js'

const { machine } = defineSaga({
  name: 'three-steps',
  version: 4,
  steps: {
    first: step({ run: () => null, compensate: () => {}, retry: { attempts: 3 } }),
    second: step({ run: () => null, compensate: () => {}, pivot: true }),
    third: step({ run: () => null }),
  },
})

/** The machine that somebody elsewhere makes of the definition as text. */
function sent(original: AnyStateMachine): AnyStateMachine {
  const definition: object = JSON.parse(JSON.stringify(definitionOf(original)))
  return createMachine(definition)
}

describe('the definition of a machine', () => {
  it('gives a machine with the same states, events and targets', () => {
    const phone = new ScriptedPhone({ records: [], content: new Map() })
    const backups = backupImport({ device: phone, reader: phone, storage: new MemoryLibrary() })
    for (const original of [machine, backups.machine]) {
      expect(chartOf(sent(original))).toEqual(chartOf(original))
      expect(sent(original).events).toEqual(original.events)
    }
  })

  it('survives JSON unchanged, with the code replaced by its name', () => {
    const definition = definitionOf(machine)
    expect(JSON.parse(JSON.stringify(definition))).toEqual(definition)
    expect(definition).toMatchObject({
      id: 'three-steps',
      version: '4',
      initial: 'first',
      states: { first: { exit: { type: 'xstate.cancel' }, invoke: { src: 'first' } } },
    })
    // A context and an input that are computed are no values: they would be taken for the context and the input themselves.
    expect(definition).not.toHaveProperty('context')
    expect(definition).not.toHaveProperty('states.first.invoke.input')
  })

  it('lets another process show a state of a run', () => {
    const state = sent(machine).resolveState({ value: 'second', context: {} })
    expect(state.can({ type: 'ASKED', ask: { kind: 'password', message: '', secret: true } })).toBe(true)
    expect(state.can({ type: 'BACKUP_OVER' })).toBe(false)
  })

  it('is made of any machine of a host: inline logic, values that JSON cannot carry, delays', () => {
    function isOpen(): boolean {
      return true
    }
    const door = createMachine({
      id: 'door',
      context: { opened: 0, since: new Date(0) },
      initial: 'closed',
      states: {
        closed: { on: { OPEN: { guard: isOpen, target: 'open' }, PUSH: { guard: stateIn('open') } } },
        open: { invoke: { src: fromPromise(async () => null), onDone: 'closed' }, after: { 500: 'closed' } },
      },
    })
    expect(definitionOf(door)).toEqual({
      id: 'door',
      context: { opened: 0 },
      initial: 'closed',
      states: {
        closed: {
          on: {
            OPEN: { guard: { type: 'isOpen' }, target: 'open' },
            PUSH: { guard: { type: 'stateIn' } },
          },
        },
        open: { invoke: { src: 'inline', onDone: 'closed' }, after: { 500: 'closed' } },
      },
    })
    expect(chartOf(sent(door))).toEqual(chartOf(door))
  })
})
