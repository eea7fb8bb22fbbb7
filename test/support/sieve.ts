/**
 * Collects what a node shows to others than the caller of a request: its log at the level `trace`, error responses, metrics, the dashboard.
 * At the end of each test it is searched for numbers, texts and keys.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basic } from '../dashboard/support.js'
import type { Seen } from '../sandbox/support.js'
import { keys, type Node } from './gateway.js'
import { request } from './request.js'

/** Matches every phone number of these tests. */
const NUMBER = /(?<![\w.-])\+?155[5-8]\d{7,}/
/** The default text of the tests' callers; shorter than the texts that are searched for literally. */
const TEXT = 'Hello'
const MIN_TEXT_LENGTH = 12

export interface Sieve {
  onLog: (line: string) => void
  /** Collects the error responses of this node from now on. */
  listen: (node: Node) => void
  /** Reads the metrics and the dashboard of a node that still runs. */
  read: (node: Node) => Promise<void>
  /** The secrets that were found, each with its place and the text around it. `seen` are messages as the sandbox got them. */
  find: (seen: Seen[]) => string[]
}

export function createSieve (): Sieve {
  const collected: Array<[where: string, text: string]> = []
  return {
    onLog: line => { collected.push(['log', line]) },
    listen ({ gateway: { app } }) {
      app.server.prependListener('request', ({ method = '', url = '' }: IncomingMessage, response: ServerResponse) => {
        const { end } = response
        response.end = function (this: ServerResponse, ...args: unknown[]) {
          if (response.statusCode >= 400 && typeof args[0] === 'string') {
            collected.push([`${response.statusCode} to ${method} ${url.split('?')[0] ?? ''}`, args[0]])
          }
          return Reflect.apply(end, this, args) as ServerResponse
        } as typeof end
      })
    },
    async read ({ origin }) {
      const headers = { authorization: basic('operator', keys.operator) }
      for (const path of ['/metrics', '/admin/queues/api/queues?activeQueue=WHATSAPP&status=latest&page=1&jobsPerPage=30']) {
        // A test may have closed the node, or stopped its Redis.
        const reply = await request(origin + path, { headers, signal: AbortSignal.timeout(2000) }).catch(() => null)
        if (reply?.status === 200) collected.push([path.split('?')[0] ?? '', JSON.stringify(reply.body)])
      }
    },
    find (seen) {
      const numbers = seen.flatMap(({ recipient }) => recipient?.replaceAll(/\D/g, '') ?? []).filter(digits => digits.length > 9)
      const texts = seen.flatMap(({ body }) => body?.text?.body ?? []).filter(text => text.length >= MIN_TEXT_LENGTH)
      const words = [...new Set([TEXT, ...numbers, ...texts, ...Object.values(keys)])]
      return collected.flatMap(([where, text]) => {
        // A value of a metric may look like a phone number by chance.
        const found = (where === '/metrics' ? null : NUMBER.exec(text)?.[0]) ?? words.find(word => text.includes(word))
        if (found === undefined) return []
        const index = text.indexOf(found)
        return [`${where}: ${found} in ${text.slice(Math.max(0, index - 150), index + 80)}`]
      })
    }
  }
}
