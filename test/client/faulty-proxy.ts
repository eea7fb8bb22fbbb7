/** An HTTP proxy between a client and a node. It can lose responses, cut connections, hang, or respond as a load balancer would. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { fetchWithRetry } from '../support/request.js'
import { pass } from '../support/until.js'

const SLOW_MS = 200

/**
 * What happens to a request. `pass`: it is forwarded; `slow`: its response is delayed; `lose`: the node executes it and the response is
 * lost; `cut`: the connection is cut before the node gets it; `hang`: no response until the end; an object: the proxy's own response.
 */
export type Fault = 'pass' | 'slow' | 'lose' | 'cut' | 'hang' | { status: number, headers?: Record<string, string>, body?: string | Buffer }

export interface FaultyProxy {
  origin: string
  /** The faults of the next requests, in order; all later requests pass. */
  plan: (...faults: Fault[]) => void
  /** All received requests; `line` is `METHOD path`, `at` a reading of `performance.now()`. */
  requests: Array<{ line: string, body: string, at: number }>
}

/** Starts a proxy in front of the node at `target`. */
export async function startProxy (t: Pick<Test, 'teardown'>, target: string): Promise<FaultyProxy> {
  const requests: FaultyProxy['requests'] = []
  let planned: Fault[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      requests.push({ line: `${request.method} ${request.url}`, body, at: performance.now() })
      const fault = planned.shift() ?? 'pass'
      if (fault === 'cut') request.socket.destroy()
      if (typeof fault === 'object') response.writeHead(fault.status, fault.headers).end(fault.body)
      if (fault !== 'pass' && fault !== 'slow' && fault !== 'lose') return
      const { authorization = '', prefer } = request.headers
      const headers = {
        authorization,
        ...(body === '' ? {} : { 'content-type': 'application/json' }),
        ...(prefer === undefined ? {} : { prefer: String(prefer) })
      }
      // Repeats requests that an overloaded node rejects, so that the tested client's own tries can be counted.
      fetchWithRetry(target + request.url, { method: request.method ?? 'GET', headers, ...(body === '' ? {} : { body }) }).then(async received => {
        const text = await received.text()
        const retryAfter = received.headers.get('retry-after')
        if (fault === 'slow') await pass(SLOW_MS)
        if (fault === 'lose') request.socket.destroy()
        else {
          response.writeHead(received.status, {
            'content-type': received.headers.get('content-type') ?? '', ...(retryAfter === null ? {} : { 'retry-after': retryAfter })
          }).end(text)
        }
      }, () => request.socket.destroy())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, plan: (...next) => { planned = next } }
}

/** What a promise rejects with; `{ code: 'none' }` if it resolves. */
export async function rejection (promise: Promise<unknown>): Promise<Record<string, unknown>> {
  return await promise.then(() => ({ code: 'none' }), (error: Record<string, unknown>) => error)
}
