/** A test server in place of Meta's Cloud API, and grants to send to it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { elapsedNow } from '../../src/deadlines.js'
import { createWhatsAppProvider, type WhatsAppOptions, type WhatsAppProvider } from '../../src/provider/whatsapp.js'
import type { Grant, Payload } from '../../src/message.js'
import { startCommand } from '../support/process.js'
import type { Teardown } from '../support/redis.js'

export const token = 'EAAtestTOKENneverToBeSeen0123456789'
export const sender = '106540352242922'

export interface Seen { method: string, url: string, headers: IncomingMessage['headers'], body: Record<string, unknown> }

interface Ends { teardown: (end: () => unknown) => void }

export interface Api { url: string, port: number, seen: Seen[], sockets: Set<Socket> }

/** Responds to each request with `respond`, and records the requests. */
export async function startApi (t: Ends, respond: (res: ServerResponse, seen: Seen) => void): Promise<Api> {
  const seen: Seen[] = []
  const sockets = new Set<Socket>()
  const server = createServer((req, res) => {
    let text = ''
    req.on('data', (chunk: Buffer) => { text += chunk.toString() })
    req.on('end', () => {
      const one = { method: req.method ?? '', url: req.url ?? '', headers: req.headers, body: JSON.parse(text) as Record<string, unknown> }
      seen.push(one)
      respond(res, one)
    })
  })
  const port = await listen(t, server, sockets)
  return { url: `http://127.0.0.1:${port}/v25.0`, port, seen, sockets }
}

/** A TCP server: `accept` gets each connection. */
export async function startTcp (t: Ends, accept: (socket: Socket) => void): Promise<{ port: number, sockets: Set<Socket> }> {
  const sockets = new Set<Socket>()
  const port = await listen(t, createTcpServer(accept), sockets)
  return { port, sockets }
}

async function listen (t: Ends, server: Server, sockets: Set<Socket>): Promise<number> {
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** Accepts every request 50 ms later, in a process of its own: it responds while the process of the test is blocked. Returns its port. */
export async function startResponder (t: Teardown): Promise<number> {
  const program = `require('node:http').createServer((request, response) => {
    request.resume().on('end', () => setTimeout(() => response.end(${JSON.stringify(JSON.stringify(accepted))}), 50))
  }).listen(0, '127.0.0.1', function () { console.log('port ' + this.address().port) })`
  const { found } = await startCommand(t, [process.execPath, '-e', program], { cwd: '.', env: {} }, /^port (\d+)/m)
  return Number(found)
}

/** Blocks the process. */
export function blockFor (ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** A port without a listener. */
export async function closedPort (): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

export function connectTo (t: Ends, url: string, options: Partial<WhatsAppOptions> = {}): WhatsAppProvider {
  const provider = createWhatsAppProvider({ url, accessToken: token, phoneNumberId: sender, sendTimeoutMs: 10_000, connections: 4, ...options })
  t.teardown(() => provider.close())
  return provider
}

/** A grant whose start deadline is in `withinMs`; the other options are fields of the payload. */
export function grantFor (options: Partial<Payload> & { withinMs?: number, pairHits?: number } = {}): Grant {
  const { withinMs = 10_000, pairHits = 0, ...payload } = options
  const askedAt = elapsedNow()
  return {
    sender,
    id: 'k7Qp0d.1764000000000',
    recipient: 'p16505551234',
    attempt: 2,
    holder: 'node-1.7',
    stops: 0,
    pairHits,
    spared: 0,
    lane: 'normal',
    askedAt,
    startBy: askedAt + withinMs,
    lateUs: 0,
    payload: { to: '+16505551234', type: 'text', message: 'hi', keySource: 'none', caller: 'shop', ...payload }
  }
}

export function json (res: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** Meta's response to an accepted message. Source: Meta, "Service messages". */
export const accepted = {
  messaging_product: 'whatsapp',
  contacts: [{ input: '+16505551234', wa_id: '16505551234' }],
  messages: [{ id: 'wamid.HBgLMTY1MDU1NTEyMzQ' }]
}

/** A promise that `open` resolves: tests wait for an event instead of sleeping. */
export function latch (): { opened: Promise<void>, open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>(resolve => { open = resolve })
  return { opened, open }
}
