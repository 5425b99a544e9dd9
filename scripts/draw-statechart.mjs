// Draws the statechart of the backup import, made from the machine itself, to docs/backup-import.svg.
// `node scripts/draw-statechart.mjs` writes it; the test beside this file fails when it is not current.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { render } from 'state-machine-cat'

/** Where the picture is kept. */
export const picture = fileURLToPath(new URL('../docs/backup-import.svg', import.meta.url))

/**
 * The picture of a chart as SVG text.
 *
 * @param {{ initial: string, states: readonly { name: string, isFinal: boolean }[],
 *   transitions: readonly { from: string, to: string, events: readonly string[] }[] }} chart
 * @returns {Promise<string>}
 */
export async function draw(chart) {
  /** @type {Readonly<Record<string, string>>} */
  const engineColours = {
    compensating: '#b45309',
    retryable: '#1d4ed8',
    stuck: '#b91c1c',
    done: '#15803d',
    discarded: '#6b7280',
  }
  /** @type {import('state-machine-cat').IState[]} */
  const states = [
    { name: 'initial', type: 'initial' },
    ...chart.states.map(({ name }) => {
      const color = engineColours[name]
      return { name, type: /** @type {const} */ ('regular'), ...(color !== undefined && { color }) }
    }),
    ...chart.states
      .filter(({ isFinal }) => isFinal)
      .map(({ name }) => ({ name: `${name}-end`, type: /** @type {const} */ ('final') })),
  ]
  const ways = [
    { from: 'initial', to: chart.initial, label: '' },
    ...chart.transitions
      // A state that is entered again for its own retry says nothing in a picture of the whole.
      .filter(({ from, to }) => from !== to)
      .map(({ from, to, events }) => ({ from, to, label: events.join(',\n') })),
    ...chart.states
      .filter(({ isFinal }) => isFinal)
      .map(({ name }) => ({ from: name, to: `${name}-end`, label: '' })),
  ]
  const transitions = ways.map((way, id) => ({ id, ...way }))
  return `${await render({ states, transitions }, { inputType: 'json', outputType: 'svg', direction: 'top-down' })}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { chartOf } = await import('../packages/core/dist/index.js')
  const { backupImport } = await import('../packages/core/dist/import/index.js')
  // Drawing performs nothing, so no port is ever asked for anything.
  const port = /** @type {never} */ ({})
  const { machine } = backupImport({ device: port, reader: port, storage: port })
  writeFileSync(picture, await draw(chartOf(machine)))
  console.log(`wrote ${picture}`)
}
