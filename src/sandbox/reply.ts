/** The four ways an answer can go: JSON, a proxy's HTML page, a reset connection, or silence. */

import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { describeCode } from './codes.js'

export type Reply =
  | { kind: 'json', httpStatus: number, body: unknown }
  | { kind: 'html', httpStatus: number }
  | { kind: 'reset' }
  | { kind: 'hang' }

/** A refusal in the shape of the Graph API. `httpStatus` overrides the one that Meta published for the code. */
export function refusal (code: number, details?: string, httpStatus?: number, transient = false): Reply {
  const known = describeCode(code)
  return {
    kind: 'json',
    httpStatus: httpStatus ?? known.httpStatus,
    body: {
      error: {
        message: `(#${code}) ${known.title}`,
        type: 'OAuthException',
        code,
        ...(transient ? { is_transient: true } : {}),
        error_data: { messaging_product: 'whatsapp', details: details ?? known.title },
        fbtrace_id: `A${randomBytes(16).toString('base64url')}`,
      },
    },
  }
}

/** Answers after `delayMs`. If the connection ends before that, nothing is left behind that keeps the process alive. */
export function answer (response: ServerResponse, reply: Reply, delayMs: number): void {
  if (delayMs <= 0) return carryOut(response, reply)
  const timer = setTimeout(() => { carryOut(response, reply) }, delayMs)
  response.once('close', () => { clearTimeout(timer) })
}

function carryOut (response: ServerResponse, reply: Reply): void {
  switch (reply.kind) {
    case 'json': return write(response, reply.httpStatus, 'application/json; charset=UTF-8', JSON.stringify(reply.body))
    case 'html': return write(response, reply.httpStatus, 'text/html', htmlPage(reply.httpStatus))
    // RST, not FIN: what a client sees when a load balancer or a peer dies.
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
