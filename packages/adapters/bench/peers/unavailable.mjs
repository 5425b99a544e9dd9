/** What an engine throws when something that it needs cannot be had here; the message says how to get it. */
export function unavailable(message) {
  return Object.assign(new Error(message), { code: 'UNAVAILABLE' })
}

/** What a peer answered, when it is not what a finished workflow answers. */
export function expectOk(outcome) {
  if (outcome !== 'ok') throw new Error(`the workflow ended with ${JSON.stringify(outcome)}`)
}
