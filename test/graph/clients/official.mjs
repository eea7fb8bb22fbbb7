/**
 * Meta's own SDK (archived) in a process of its own: its settings come from the environment, and the trusted certificate from
 * NODE_EXTRA_CA_CERTS, which Node reads once at its start. The SDK always uses https on port 443, so its port is set here.
 *
 *     PORT=8443 node official.mjs    reads one request per line as JSON, writes one response per line
 */
import { createInterface } from 'node:readline'
import WhatsApp from 'whatsapp'

const client = new WhatsApp()
client.requester.port = Number(process.env.PORT)

for await (const line of createInterface({ input: process.stdin })) {
  const { to, words, read } = JSON.parse(line)
  // The SDK resolves with every response, also with an error.
  const response = await (read === undefined
    ? client.messages.text({ body: words }, to)
    : client.messages.status({ status: 'read', message_id: read }))
  process.stdout.write(JSON.stringify({ status: response.statusCode(), body: await response.responseBodyToJSON() }) + '\n')
}
