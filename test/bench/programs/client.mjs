/** One process that sends through the client, with and without batching: `callers` calls are always under way. */
import { SluiceClient } from '../../../dist/client/index.js'
import { options, serve } from '../kit/child.mjs'
import { TEXT } from '../kit/text.mjs'

const { baseUrl, apiKey } = options
const clients = { batched: new SluiceClient({ baseUrl, apiKey }), single: new SluiceClient({ baseUrl, apiKey, batching: false }) }
let made = 0

serve({
  async run ({ how, seconds, callers }) {
    const startedAt = performance.now()
    const cpuBefore = process.cpuUsage()
    let accepted = 0
    await Promise.all(Array.from({ length: callers }, async () => {
      while (performance.now() - startedAt < seconds * 1000) {
        await clients[how].sendMessage(`+1777${String(made++ % 10_000).padStart(7, '0')}`, TEXT, { respondAsync: true })
        accepted++
      }
    }))
    const { user, system } = process.cpuUsage(cpuBefore)
    return { accepted, perSecond: accepted / (performance.now() - startedAt) * 1000, clientUs: (user + system) / accepted }
  }
})
