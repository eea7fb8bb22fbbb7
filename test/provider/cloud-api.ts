/** A stand-in for Meta's Cloud API on a local port, and grants to send to it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createWhatsAppProvider, type WhatsAppOptions, type WhatsAppProvider } from '../../src/provider/whatsapp.js'
import type { Grant, Payload } from '../../src/message.js'

export const token = 'EAAtestTOKENneverToBeSeen0123456789'
export const sender = '106540352242922'

export interface Seen { method: string, url: string, headers: IncomingMessage['headers'], body: Record<string, unknown> }

interface Ends { teardown: (end: () => unknown) => void }

/** Answers each request by `answer`, and keeps what it has seen. */
export async function startApi (t: Ends, answer: (res: ServerResponse, seen: Seen) => void): Promise<{ url: string, port: number, seen: Seen[], sockets: Set<Socket> }> {
  const seen: Seen[] = []
  const sockets = new Set<Socket>()
  const server = createServer((req, res) => {
    let text = ''
    req.on('data', (chunk: Buffer) => { text += chunk.toString() })
    req.on('end', () => {
      const one = { method: req.method ?? '', url: req.url ?? '', headers: req.headers, body: JSON.parse(text) as Record<string, unknown> }
      seen.push(one)
      answer(res, one)
    })
  })
  const port = await listen(t, server, sockets)
  return { url: `http://127.0.0.1:${port}/v25.0`, port, seen, sockets }
}

/** A server below HTTP: `take` gets each connection. */
export async function startTcp (t: Ends, take: (socket: Socket) => void): Promise<{ port: number, sockets: Set<Socket> }> {
  const sockets = new Set<Socket>()
  const port = await listen(t, createTcpServer(take), sockets)
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

/** A port where nobody listens. */
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

/** A grant good for `withinMs` from now. */
export function grantFor ({ withinMs = 10_000, pairHits = 0, ...payload }: Partial<Payload> & { withinMs?: number, pairHits?: number } = {}): Grant {
  const askedAt = performance.now()
  return {
    sender,
    id: 'k7Qp0d.1764000000000',
    recipient: 'p16505551234',
    attempt: 2,
    holder: 'node-1.7',
    stops: 0,
    pairHits,
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

/** Meta's answer to a message that it took. Source: Meta, "Service messages". */
export const accepted = {
  messaging_product: 'whatsapp', contacts: [{ input: '+16505551234', wa_id: '16505551234' }], messages: [{ id: 'wamid.HBgLMTY1MDU1NTEyMzQ' }]
}

/** A promise and its key, for tests that wait for a moment instead of sleeping. */
export function latch (): { opened: Promise<void>, open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>(resolve => { open = resolve })
  return { opened, open }
}
