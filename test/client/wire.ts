/** What lies between a client and a node: it can lose an answer, break off, hold still, or answer itself like a balancer. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { fetchPatiently } from '../support/request.js'
import { pass } from '../support/until.js'

const SLOW_MS = 200

/** `lose`: the node has done it, and its answer never arrives; `slow`: it arrives a moment later; `cut`: it never got there; `hold`: no answer until the end. */
export type Fate = 'pass' | 'slow' | 'lose' | 'cut' | 'hold' | { status: number, headers?: Record<string, string>, body?: string }

export interface Wire {
  origin: string
  /** What befalls the next requests, one after another; then all pass. */
  plan: (...fates: Fate[]) => void
  /** Every request that came, as `METHOD path`, with its body. */
  asked: Array<{ line: string, body: string, at: number }>
}

export async function startWire (t: Pick<Test, 'teardown'>, to: string): Promise<Wire> {
  const asked: Wire['asked'] = []
  let fates: Fate[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      asked.push({ line: `${request.method} ${request.url}`, body, at: performance.now() })
      const fate = fates.shift() ?? 'pass'
      if (fate === 'cut') request.socket.destroy()
      if (typeof fate === 'object') response.writeHead(fate.status, fate.headers).end(fate.body)
      if (fate !== 'pass' && fate !== 'slow' && fate !== 'lose') return
      const { authorization = '', prefer } = request.headers
      const headers = { authorization, ...(body === '' ? {} : { 'content-type': 'application/json' }), ...(prefer === undefined ? {} : { prefer: String(prefer) }) }
      // The client that is tried comes again too, and its tries are counted.
      fetchPatiently(to + request.url, { method: request.method ?? 'GET', headers, ...(body === '' ? {} : { body }) }).then(async answer => {
        const text = await answer.text()
        if (fate === 'slow') await pass(SLOW_MS)
        if (fate === 'lose') request.socket.destroy()
        else response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '', ...(answer.headers.has('retry-after') ? { 'retry-after': answer.headers.get('retry-after') ?? '' } : {}) }).end(text)
      }, () => request.socket.destroy())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, plan: (...next) => { fates = next } }
}

/** What a call rejects with. */
export async function rejection (promise: Promise<unknown>): Promise<Record<string, unknown>> {
  return await promise.then(() => ({ code: 'none' }), (error: Record<string, unknown>) => error)
}
