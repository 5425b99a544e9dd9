// Restate: its server, a service of this process on HTTP/2, and calls through the server's ingress.
import { once } from 'node:events'
import { createServer } from 'node:http2'
import * as restate from '@restatedev/restate-sdk'
import * as clients from '@restatedev/restate-sdk-clients'
import { startRestate } from '../servers/restate.mjs'
import { expectOk } from '../unavailable.mjs'

const service = restate.service({
  name: 'FourSteps',
  handlers: {
    run: async (context) => {
      await context.run('extract', () => 'ok')
      await context.run('store', () => 'ok')
      await context.run('verify', () => 'ok')
      return context.run('cleanup', () => 'ok')
    },
  },
})

export async function start(folder) {
  const server = await startRestate(folder)
  // Two lines to the console for each call would be measured too.
  const handler = restate.createEndpointHandler({ services: [service], logger: () => {} })
  const http = createServer(handler).listen(0, '127.0.0.1')
  await once(http, 'listening')
  const answer = await fetch(`${server.adminUrl}/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uri: `http://127.0.0.1:${http.address().port}` }),
  })
  if (!answer.ok) throw new Error(`the deployment was refused: ${await answer.text()}`)
  const client = clients.connect({ url: server.ingressUrl }).serviceClient(service)
  return {
    durability: server.durability,
    runOne: async () => expectOk(await client.run()),
    stop: async () => {
      await server.stop()
      http.close()
    },
  }
}
