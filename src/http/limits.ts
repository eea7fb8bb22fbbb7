import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { SluiceError } from '../errors.js'
import { problem } from './problem.js'
import { refuseDeep } from './validate.js'

/** What one connection may take of this node. Who is slower, or wants more, is cut off; the others don't notice. */
export const connectionLimits = {
  /** From the first byte of a request, or from connecting, to the last one of its head, ms. */
  headersTimeoutMs: 10_000,
  /** To the last byte of its body, ms. */
  requestTimeoutMs: 30_000,
  /** How often both are looked at, ms. */
  checkEveryMs: 1000,
  /** Without a byte in either direction, such as an answer that nobody reads, ms. Longer than any answer takes. */
  silenceMs: 120_000,
  /** Between two requests, ms. */
  keepAliveMs: 72_000,
  headBytes: 16_384,
  /** Connections open at once; one more is closed at once, so that some are left for Redis and WhatsApp. */
  connections: 10_000
} as const

/** Sets what no option of the server's does. */
export function limitConnections (app: FastifyInstance): void {
  app.addHook('preValidation', (request, _reply, done) => {
    refuseDeep(request.body)
    done()
  })
  app.server.maxConnections = connectionLimits.connections
  // An expectation that nobody knows may be ignored; Node would answer it by itself, and with no word.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
}

/** What Node's parser calls the faults of a request that never became one. */
const codes: Record<string, 'HEADERS_TOO_LARGE' | 'TOO_SLOW'> = { HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE', ERR_HTTP_REQUEST_TIMEOUT: 'TOO_SLOW' }

/** Answers what can't be read as HTTP with a problem document, and ends the connection. */
export function refuseUnreadable (this: FastifyInstance, error: { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const known = new SluiceError(codes[error.code ?? ''] ?? 'INVALID_REQUEST', { detail: 'it can not be read as HTTP/1.1' })
  const body = JSON.stringify(problem(known))
  if (socket.writable) {
    socket.write(`HTTP/1.1 ${known.status} Refused\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`)
  }
  socket.destroySoon()
}
