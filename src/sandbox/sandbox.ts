import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { handleControl } from './control-routes.js'
import { now, sendReply } from './http.js'
import { handleMessages, matchMessagesPath } from './messages-route.js'
import { handleNode, matchNodePath } from './node-route.js'
import { errorReply } from './responses.js'
import { defaults, type Settings } from './settings.js'
import { handleTemplates, matchTemplatesPath } from './templates-route.js'
import { createState, type State } from './state.js'

export interface SandboxOptions extends Partial<Settings> {
  /** 0, the default: any free port. */
  port?: number
  /** 127.0.0.1 by default. */
  host?: string
  /** How many arrivals are kept; 100,000 by default. */
  maxRecords?: number
}

export interface Sandbox {
  /** Base URL with a version, which replaces Meta's: `http://127.0.0.1:PORT/v25.0`. */
  url: string
  port: number
  /** Changes settings while the sandbox runs. */
  configure: (change: Partial<Settings>) => void
  /** Closes at once, with all open connections. */
  close: () => Promise<void>
}

// Longer than any client keeps an idle connection, so that no unintended reset happens.
const KEEP_ALIVE_MS = 120_000

/**
 * Starts an HTTP server that behaves as WhatsApp's Cloud API does, with its limits and failures; docs/sandbox.md describes it.
 * Resolves when it listens; rejects with the server's error.
 */
export async function createSandbox (options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, host = '127.0.0.1', maxRecords = 100_000, ...settings } = options
  const state = createState({ ...defaults, ...settings }, maxRecords)
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    const headersAt = now()
    route(state, request, response, headersAt).catch((error: unknown) => {
      sendReply(response, errorReply(1, { details: `Unexpected error of the sandbox: ${String(error)}`, httpStatus: 500 }), 0)
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
    }
  }
}

async function route (state: State, request: IncomingMessage, response: ServerResponse, headersAt: number): Promise<void> {
  const [path = '/'] = (request.url ?? '/').split('?', 1)
  if (path.startsWith('/_sandbox/')) return await handleControl(state, path, request, response)
  const messagesPath = matchMessagesPath(path)
  if (messagesPath !== null && request.method === 'POST') {
    return await handleMessages(state, messagesPath, request, response, headersAt)
  }
  request.resume()
  const account = matchTemplatesPath(path)
  if (account !== null && request.method === 'GET') return handleTemplates(state, account, request, response)
  const node = matchNodePath(path)
  if (node !== null && request.method === 'GET') return handleNode(state, node, request, response)
  // The Graph API responds with 400 here, not with 404 or 405.
  const reply = messagesPath === null
    ? errorReply(2500, { details: `Unknown path components: ${path}` })
    : errorReply(100, { details: `Unsupported ${(request.method ?? 'get').toLowerCase()} request` })
  sendReply(response, reply, state.settings.latencyMs)
}
