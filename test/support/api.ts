/** A fake Cloud API that records each request with its token, and that can withhold the responses for a sender. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export interface ReceivedRequest {
  sender: string
  /** Both empty for a request that is not a message. */
  recipient: string
  text: string
  token: string
  /** `performance.now()` when the request had arrived. */
  at: number
}

export interface Api {
  url: string
  asked: (sender?: string) => ReceivedRequest[]
  /** From now on requests of this sender get no response. */
  silence: (sender: string) => void
  /** The number of requests that wait for a response. */
  waiting: (sender: string) => number
  /** Responds to the waiting requests and to all later ones. */
  speak: (sender: string) => void
}

export async function startApi (t: Pick<Test, 'teardown'>): Promise<Api> {
  const asked: ReceivedRequest[] = []
  const silent = new Map<string, ServerResponse[]>()
  let count = 0
  const respond = (response: ServerResponse): void => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ messaging_product: 'whatsapp', messages: [{ id: `wamid.${++count}` }] }))
  }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', data => { body += String(data) })
    request.on('end', () => {
      const sender = (request.url ?? '').split('/').at(-2) ?? ''
      const { to = '', text } = JSON.parse(body) as { to?: string; text?: { body: string } }
      asked.push({
        sender,
        recipient: to,
        text: text?.body ?? '',
        token: (request.headers.authorization ?? '').replace('Bearer ', ''),
        at: performance.now()
      })
      const waiting = silent.get(sender)
      if (waiting === undefined) respond(response)
      else waiting.push(response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v25.0`,
    asked: sender => asked.filter(one => sender === undefined || one.sender === sender),
    silence: sender => { silent.set(sender, []) },
    waiting: sender => silent.get(sender)?.length ?? 0,
    speak (sender) {
      const waiting = silent.get(sender) ?? []
      silent.delete(sender)
      waiting.forEach(respond)
    },
  }
}
