import type { IncomingMessage } from 'node:http'

const MAX_BODY_BYTES = 1_048_576

export type Body =
  | { status: 'read', text: string }
  | { status: 'too-large' }
  /** The client left before the end of its body. */
  | { status: 'gone' }

/** Reads a request's body, chunked or not. At most 1 MiB is kept; the rest is read and thrown away. */
export function readBody (request: IncomingMessage): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk)
    })
    request.once('end', () => {
      resolve(bytes > MAX_BODY_BYTES
        ? { status: 'too-large' }
        : { status: 'read', text: Buffer.concat(chunks).toString('utf8') })
    })
    // `close` comes without `end` when the connection broke; after `end` this resolve does nothing.
    request.once('close', () => { resolve({ status: 'gone' }) })
    request.once('error', () => { resolve({ status: 'gone' }) })
  })
}

export type JsonObject = Readonly<Record<string, unknown>>

/** An object or an array: what a message may hold under the name of its type. */
export function isObject (value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null
}

/** The value of a JSON text, undefined if it is none. */
export function parseJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
