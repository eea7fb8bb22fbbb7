/**
 * Meta's own SDK (archived) as a process of its own: it takes its settings from the environment, and whom it trusts from
 * NODE_EXTRA_CA_CERTS, which Node reads once at its start. It always asks https on port 443, so its port is set.
 *
 *     PORT=8443 node official.mjs    one request as JSON a line in, one answer a line out
 */
import { createInterface } from 'node:readline'
import WhatsApp from 'whatsapp'

const client = new WhatsApp()
client.requester.port = Number(process.env.PORT)

for await (const line of createInterface({ input: process.stdin })) {
  const { to, words, read } = JSON.parse(line)
  // It resolves with whatever came; what that means is the caller's to see.
  const response = await (read === undefined ? client.messages.text({ body: words }, to) : client.messages.status({ status: 'read', message_id: read }))
  process.stdout.write(JSON.stringify({ status: response.statusCode(), body: await response.responseBodyToJSON() }) + '\n')
}
