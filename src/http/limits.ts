import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { SluiceError } from '../errors.js'
import { problem, unsupportedMediaType } from './problem.js'
import { type compile, rejectInexact } from './validate.js'

/** Limits of one connection. A slower or larger one is closed, without an effect on others. */
export const connectionLimits = {
  /** From the connection, or the first byte of a request, to the last byte of its headers, ms. */
  headersTimeoutMs: 10_000,
  /** To the last byte of its body, ms. */
  requestTimeoutMs: 30_000,
  /** How often both are checked, ms. */
  checkEveryMs: 1000,
  /** Without a byte in either direction, for example a response that the client does not read, ms. Longer than any response takes. */
  silenceMs: 120_000,
  /** Between two requests, ms. */
  keepAliveMs: 72_000,
  headBytes: 16_384,
  /** Open connections; a further one is closed at once, so that file descriptors are left for Redis and WhatsApp. */
  connections: 10_000
} as const

/** Sets the limits that are not server options, and rejects bodies that are compressed or a plain text. */
export function limitRequests (app: FastifyInstance): void {
  // Fastify's own parser of a type that no route reads.
  app.removeContentTypeParser('text/plain')
  app.addHook('onRequest', (request, _reply, done) => {
    const encoding = request.headers['content-encoding']
    done(encoding === undefined || encoding === 'identity' ? undefined : unsupportedMediaType(request.headers))
  })
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.routeOptions.config.checksBody !== true) {
      rejectInexact(request.body, request.getValidationFunction('body') as ReturnType<typeof compile> | undefined)
    }
    done()
  })
  app.server.maxConnections = connectionLimits.connections
  // A client may end its side of the connection after the request, and gets its response. Node has no documented option for this.
  Object.assign(app.server, { httpAllowHalfOpen: true })
  // An unknown expectation may be ignored; by default Node responds 417 without a body.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
}

/** Errors of Node's HTTP parser that have a code of their own. */
const codes: Record<string, 'HEADERS_TOO_LARGE' | 'TOO_SLOW'> = { HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE', ERR_HTTP_REQUEST_TIMEOUT: 'TOO_SLOW' }

/** Sends a problem document for what cannot be parsed as HTTP, and closes the connection. */
export function rejectUnreadable (this: FastifyInstance, error: { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const known = new SluiceError(codes[error.code ?? ''] ?? 'INVALID_REQUEST', { detail: 'malformed HTTP/1.1 request' })
  const body = JSON.stringify(problem(known))
  if (socket.writable) {
    const headers = `content-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`
    socket.write(`HTTP/1.1 ${known.status} Rejected\r\n${headers}\r\n\r\n${body}`)
  }
  socket.destroySoon()
}
