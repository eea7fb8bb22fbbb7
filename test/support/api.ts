/** A Cloud API that says who asked with which token, and that can be made to keep silent for a sender. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

export interface Asked {
  sender: string
  recipient: string
  text: string
  token: string
  /** `performance.now()` when the request was there. */
  at: number
}

export interface Api {
  url: string
  asked: (sender?: string) => Asked[]
  /** From now on requests of this sender get no answer. */
  silence: (sender: string) => void
  /** How many wait for one. */
  waiting: (sender: string) => number
  /** Answers those that wait, and all that come. */
  speak: (sender: string) => void
}

export async function startApi (t: Pick<Test, 'teardown'>): Promise<Api> {
  const asked: Asked[] = []
  const silent = new Map<string, ServerResponse[]>()
  let count = 0
  const answer = (response: ServerResponse): void => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ messaging_product: 'whatsapp', messages: [{ id: `wamid.${++count}` }] }))
  }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', data => { body += String(data) })
    request.on('end', () => {
      const sender = (request.url ?? '').split('/').at(-2) ?? ''
      const { to, text } = JSON.parse(body) as { to: string, text: { body: string } }
      asked.push({ sender, recipient: to, text: text.body, token: (request.headers.authorization ?? '').replace('Bearer ', ''), at: performance.now() })
      const held = silent.get(sender)
      if (held === undefined) answer(response)
      else held.push(response)
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
      const held = silent.get(sender) ?? []
      silent.delete(sender)
      held.forEach(answer)
    },
  }
}
