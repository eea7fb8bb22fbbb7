/** An HTTP server that behaves as WhatsApp's Cloud API does, limits and failures included. See docs/sandbox.md. */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { now } from './clock.js'
import { handleControl } from './control-routes.js'
import { handleMessages, matchMessagesPath } from './messages-route.js'
import { answer, refusal } from './reply.js'
import { defaults, type Settings } from './settings.js'
import { createState, type State } from './state.js'

export interface SandboxOptions extends Partial<Settings> {
  /** 0, the default: any free port. */
  port?: number
  /** 127.0.0.1 by default. */
  host?: string
  /** How many arrivals are kept to be asked for; 100,000 by default. */
  maxRecords?: number
}

export interface Sandbox {
  /** Base URL with the version, to be used in the place of Meta's: `http://127.0.0.1:PORT/v25.0`. */
  url: string
  port: number
  /** Changes settings while it runs. */
  configure: (change: Partial<Settings>) => void
  /** Ends at once, open requests included: their connections are cut. */
  close: () => Promise<void>
}

// Longer than any client keeps an idle connection, so that no reset happens that wasn't asked for.
const KEEP_ALIVE_MS = 120_000

/** Starts a sandbox; resolves when it listens, rejects if it can't. */
export async function createSandbox (options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, host = '127.0.0.1', maxRecords = 100_000, ...settings } = options
  const state = createState({ ...defaults, ...settings }, maxRecords)
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    const headersAt = now()
    route(state, request, response, headersAt).catch((error: unknown) => {
      answer(response, refusal(1, `The sandbox itself failed: ${String(error)}`, 500), 0)
    })
  })
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}/v25.0`,
    port: address.port,
    configure (change) { Object.assign(state.settings, change) },
    async close () {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      state.webhooks.close()
      await closed
    },
  }
}

async function route (
  state: State, request: IncomingMessage, response: ServerResponse, headersAt: number
): Promise<void> {
  const [path = '/'] = (request.url ?? '/').split('?', 1)
  if (path.startsWith('/_sandbox/')) return await handleControl(state, path, request, response)
  const matched = matchMessagesPath(path)
  if (matched !== null && request.method === 'POST') {
    return await handleMessages(state, matched, request, response, headersAt)
  }
  // The Graph API answers 400 here, not 404.
  const { code, details } = matched === null
    ? { code: 2500, details: `Unknown path components: ${path}` }
    : { code: 100, details: `Unsupported ${(request.method ?? 'get').toLowerCase()} request` }
  request.resume()
  answer(response, refusal(code, details), state.settings.latencyMs)
}
