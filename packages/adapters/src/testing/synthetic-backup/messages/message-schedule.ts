import { isSince, type SchemaVersion } from '../folder/generations.js'
import type { ResolvedAnomalies } from '../options.js'
import type { Random } from '../random.js'
import { type Scenario, scenarios, undecodableEdit, undecodableText } from '../scenarios.js'
import type { MessageComposer } from './message-composer.js'
import type { MessageDraft } from './message-draft.js'

/** A message that is planned for a certain place. */
export interface PlantedMessage {
  /** Name of the scenario or anomaly. */
  readonly name: string
  readonly compose: (composer: MessageComposer) => MessageDraft
}

/** Which message goes where: what is planted by place, and a choice by weight for the rest. */
export interface MessageSchedule {
  readonly planted: ReadonlyMap<number, PlantedMessage>
  /** An ordinary message, or now and then another that the generation knows. */
  compose(composer: MessageComposer): MessageDraft
}

/**
 * Spreads what must be there evenly over the messages: all anomalies, and each scenario once. Scenarios take half of the
 * messages at most, so that a small backup holds attachments and ordinary messages too.
 */
export function scheduleMessages(options: {
  readonly random: Random
  readonly count: number
  readonly version: SchemaVersion
  readonly anomalies: ResolvedAnomalies
}): MessageSchedule {
  const { random, count, version, anomalies } = options
  const known = Object.entries(scenarios).filter(([, { since }]) => isSince(version, since))
  const asked: readonly PlantedMessage[] = [
    ...Array.from({ length: anomalies.undecodableTexts }, (_, way) => ({
      name: 'undecodable-text',
      compose: (composer: MessageComposer) => undecodableText(composer, way),
    })),
    ...Array.from({ length: anomalies.undecodableEdits }, () => ({
      name: 'undecodable-edit',
      compose: undecodableEdit,
    })),
  ]
  const room = Math.max(0, Math.floor(count / 2) - asked.length)
  const all = [
    ...known.slice(0, room).map(([name, { compose }]): PlantedMessage => ({ name, compose })),
    ...asked,
  ]
  const planted = new Map(all.map((item, place) => [Math.floor(((place + 0.5) * count) / all.length), item]))
  const recurring = known.map(([, scenario]) => scenario).filter(({ weight }) => weight > 0)
  return { planted, compose: (composer) => choose(random, recurring)?.compose(composer) ?? composer.draft() }
}

/** A scenario by its weight; undefined for an ordinary message. */
function choose(random: Random, recurring: readonly Scenario[]): Scenario | undefined {
  let rest = random.fraction()
  for (const scenario of recurring) {
    rest -= scenario.weight
    if (rest < 0) return scenario
  }
  return undefined
}
