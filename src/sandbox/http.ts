import type { IncomingMessage, ServerResponse } from 'node:http'
import { decodeUtf8 } from '../values/json.js'

const MAX_BODY_BYTES = 1_048_576

/**
 * Unix time in ms with a fraction. Monotonic within the process: two times may be subtracted even if the system clock is set in
 * between, which `Date.now` does not allow.
 */
export function now (): number {
  return performance.timeOrigin + performance.now()
}

export type Body =
  | { status: 'read', text: string }
  | { status: 'too-large' }
  /** The client closed the connection before the end of its body. */
  | { status: 'gone' }

/** Reads a request's body, chunked or not; of one that is not UTF-8 nothing. At most 1 MiB is kept; the rest is read and discarded. */
export function readBody (request: IncomingMessage): Promise<Body> {
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk)
    })
    request.once('end', () => {
      resolve(bytes > MAX_BODY_BYTES ? { status: 'too-large' } : { status: 'read', text: decodeUtf8(Buffer.concat(chunks)) ?? '' })
    })
    // A broken connection emits `close` without `end`; after `end` this resolve has no effect.
    request.once('close', () => { resolve({ status: 'gone' }) })
    request.once('error', () => { resolve({ status: 'gone' }) })
  })
}

/** How a request ends: with JSON, with a proxy's HTML page, with a reset connection, or without a response. */
export type Reply =
  | { kind: 'json', httpStatus: number, body: unknown }
  | { kind: 'html', httpStatus: number }
  | { kind: 'reset' }
  | { kind: 'hang' }

/** Replies after `delayMs`. A closed connection cancels the timer, so that it does not keep the process alive. */
export function sendReply (response: ServerResponse, reply: Reply, delayMs: number): void {
  if (delayMs <= 0) return sendNow(response, reply)
  const timer = setTimeout(() => { sendNow(response, reply) }, delayMs)
  response.once('close', () => { clearTimeout(timer) })
}

function sendNow (response: ServerResponse, reply: Reply): void {
  switch (reply.kind) {
    case 'json': return write(response, reply.httpStatus, 'application/json; charset=UTF-8', JSON.stringify(reply.body))
    case 'html': return write(response, reply.httpStatus, 'text/html', htmlPage(reply.httpStatus))
    // RST, not FIN: this is how a failing load balancer or host appears to a client.
    case 'reset': response.req.socket.resetAndDestroy(); return
    case 'hang': return
    default: reply satisfies never
  }
}

function write (response: ServerResponse, httpStatus: number, contentType: string, text: string): void {
  response.writeHead(httpStatus, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

function htmlPage (httpStatus: number): string {
  return `<!DOCTYPE html><html><head><title>Error ${httpStatus}</title></head>` +
    '<body><h1>Sorry, something went wrong.</h1></body></html>'
}
