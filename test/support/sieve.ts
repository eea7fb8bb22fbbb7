/**
 * What a node of a flow test tells to others than the caller who asked: its log at the level `trace`, its refusals, metrics, the dashboard. At
 * the end of each test it is looked through for numbers, texts and keys.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basic } from '../dashboard/support.js'
import type { Seen } from '../sandbox/support.js'
import { keys, type Node } from './gateway.js'
import { request } from './request.js'

/** By it a number of these tests is known wherever it stands. */
const NUMBER = /(?<![\w.-])\+?155[5-8]\d{7,}/
/** What callers of these tests say where they say nothing else; shorter than texts that are looked for as they are. */
const TEXT = 'Hello'
const LEAST_TEXT = 12

export interface Sieve {
  onLog: (line: string) => void
  /** From now on refusals of this node are noted. */
  listen: (node: Node) => void
  /** Reads what anybody may read of a node that still runs. */
  read: (node: Node) => Promise<void>
  /** What was told and is secret, each with where and what stands around it. `seen` are messages as the sandbox got them. */
  find: (seen: Seen[]) => string[]
}

export function createSieve (): Sieve {
  const told: Array<[where: string, text: string]> = []
  return {
    onLog: line => { told.push(['log', line]) },
    listen ({ gateway: { app } }) {
      app.server.prependListener('request', ({ method = '', url = '' }: IncomingMessage, response: ServerResponse) => {
        const { end } = response
        response.end = function (this: ServerResponse, ...given: unknown[]) {
          if (response.statusCode >= 400 && typeof given[0] === 'string') told.push([`${response.statusCode} to ${method} ${url.split('?')[0] ?? ''}`, given[0]])
          return Reflect.apply(end, this, given) as ServerResponse
        } as typeof end
      })
    },
    async read ({ origin }) {
      const headers = { authorization: basic('operator', keys.operator) }
      for (const path of ['/metrics', '/admin/queues/api/queues?activeQueue=WHATSAPP&status=latest&page=1&jobsPerPage=30']) {
        // A test may have closed it, or taken its Redis away.
        const reply = await request(origin + path, { headers, signal: AbortSignal.timeout(2000) }).catch(() => null)
        if (reply?.status === 200) told.push([path.split('?')[0] ?? '', JSON.stringify(reply.body)])
      }
    },
    find (seen) {
      const numbers = seen.flatMap(({ recipient }) => recipient?.replaceAll(/\D/g, '') ?? []).filter(digits => digits.length > 9)
      const texts = seen.flatMap(({ body }) => body?.text?.body ?? []).filter(text => text.length >= LEAST_TEXT)
      const words = [...new Set([TEXT, ...numbers, ...texts, ...Object.values(keys)])]
      return told.flatMap(([where, text]) => {
        // A figure of the metrics may look like a number by chance.
        const found = (where === '/metrics' ? null : NUMBER.exec(text)?.[0]) ?? words.find(word => text.includes(word))
        if (found === undefined) return []
        const at = text.indexOf(found)
        return [`${where}: ${found} in ${text.slice(Math.max(0, at - 150), at + 80)}`]
      })
    }
  }
}
