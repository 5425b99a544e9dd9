// Measures one engine in this process: `node measure.mjs ENGINE FOLDER SECONDS`, started by ../peers.ts.
// Each module of engines/ exports `start(folder)`, which starts all that the engine needs and gives
//   durability  what makes its writes durable, as the running engine itself says
//   runOne()    runs the four-step workflow once and resolves when it has ended durably
//   stop()      stops what was started, and nothing else
const [name, folder, seconds] = process.argv.slice(2)

const { start } = await import(`./engines/${name}.mjs`)
let engine
let ending = false
// The channel closes when the benchmark ends, for whatever reason: no server outlives it.
process.once('disconnect', () => void end(1))

try {
  engine = await start(folder)
  await perSecond(1, seconds / 4)
  await perSecond(64, seconds / 2)
  const alone = await perSecond(1, seconds / 2)
  const together = await perSecond(64, Number(seconds))
  process.send({ durability: engine.durability, alone, together }, () => void end(0))
} catch (error) {
  if (error.code === 'UNAVAILABLE') process.send({ unavailable: error.message }, () => void end(0))
  else if (!ending) {
    process.stderr.write(`${name}: ${error.stack}\n`)
    await end(1)
  }
}

/** Workflows per second, always `concurrency` of them under way. */
async function perSecond(concurrency, time) {
  const since = performance.now()
  const until = since + time * 1000
  let ended = 0
  const worker = async () => {
    while (performance.now() < until) {
      await engine.runOne()
      ended++
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return ended / ((performance.now() - since) / 1000)
}

/** Stops the engine and ends the process, once. What an engine that is stopped under way still complains of is not heard. */
async function end(status) {
  if (ending) return
  ending = true
  try {
    await engine?.stop()
  } finally {
    process.exit(status)
  }
}
