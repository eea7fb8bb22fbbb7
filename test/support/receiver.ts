/** A receiver of callbacks: a server that verifies each with the Standard Webhooks library, and responds as the test decides. */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import type { Teardown } from './redis.js'

export const CALLBACK_SECRET = `whsec_${Buffer.from('of-the-tests-and-32-bytes-long!!').toString('base64')}`

export interface ReceivedCallback {
  id: string
  type: string
  data: Record<string, any>
  timestamp: string
  /** The raw body. */
  text: string
  status: number
}

export interface Receiver {
  url: string
  /** All verified callbacks in the order of arrival, also those that were rejected. */
  received: ReceivedCallback[]
  /** The accepted callbacks, each once, in the order of their first acceptance. */
  accepted: (id?: string) => ReceivedCallback[]
  /** Errors of callbacks with an invalid signature. */
  unsigned: string[]
  /** Sets the status of each response; null sends no response. By default all callbacks are accepted. */
  respond: (decide: (callback: Omit<ReceivedCallback, 'status'>) => number | null) => void
  headers: IncomingMessage['headers'][]
}

export async function startReceiver (t: Teardown, secret = CALLBACK_SECRET): Promise<Receiver> {
  const webhook = new Webhook(secret)
  const received: ReceivedCallback[] = []
  const unsigned: string[] = []
  const headers: Receiver['headers'] = []
  let decide: Parameters<Receiver['respond']>[0] = () => 204
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', data => { text += String(data) })
    request.on('end', () => {
      headers.push(request.headers)
      let event
      try {
        event = webhook.verify(text, request.headers as Record<string, string>) as ReceivedCallback
      } catch (error) {
        unsigned.push(String(error))
        response.writeHead(401).end()
        return
      }
      const one = { id: String(request.headers['webhook-id']), type: event.type, data: event.data, timestamp: event.timestamp, text }
      const status = decide(one)
      received.push({ ...one, status: status ?? 0 })
      if (status !== null) response.writeHead(status).end('thank you')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callbacks?from=sluice`,
    received,
    unsigned,
    headers,
    accepted (id) {
      const first = new Map<string, ReceivedCallback>()
      for (const one of received) if (one.status >= 200 && one.status < 300 && !first.has(one.id)) first.set(one.id, one)
      return [...first.values()].filter(({ data }) => id === undefined || data['id'] === id)
    },
    respond (next) { decide = next }
  }
}
