import type { FastifyInstance, FastifyRequest } from 'fastify'
import { parse as parseTolerantly, printParseErrorCode, type ParseError } from 'jsonc-parser'
import { SluiceError } from '../errors.js'
import { decodeUtf8 } from '../values/json.js'
import { markRepeated } from '../values/repeated-members.js'

/**
 * Parses bodies of type JSON. An empty one is accepted: many clients declare the type for every request, also for one without a body. Bytes that
 * are not UTF-8 and other charsets are rejected: replaced by U+FFFD they would be sent. Members that an object has twice are marked, and rejected
 * with the other values, as `__proto__` is: `findInexact`. So in a batch they reject their own row only.
 */
export function parseBodies (app: FastifyInstance): void {
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined)
    const text = isUtf8Declared(request) ? decodeUtf8(body) : null
    if (text === null) return done(describe(request, body), undefined)
    const value = parse(text)
    return value === undefined ? done(describe(request, body), undefined) : done(null, markRepeated(text, value))
  })
}

/** Undefined for a text that is not JSON. */
function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isUtf8Declared ({ headers }: FastifyRequest): boolean {
  const type = headers['content-type'] ?? ''
  // Fast path: nearly all clients declare no charset.
  return type === 'application/json' || !/;\s*charset\s*=/i.test(type) || /;\s*charset\s*=\s*("utf-?8"|utf-?8)\s*(;|$)/i.test(type)
}

/** Why a body was not parsed. */
function describe (request: FastifyRequest, body: Buffer): SluiceError {
  if (!isUtf8Declared(request)) {
    return new SluiceError('UNSUPPORTED_MEDIA_TYPE', { detail: 'the charset is not utf-8: send the body in UTF-8', field: 'Content-Type' })
  }
  const text = decodeUtf8(body)
  if (text === null) {
    return new SluiceError('INVALID_REQUEST', { detail: 'the body is not UTF-8; its bytes are another encoding, such as Windows-1252' })
  }
  // Each letter of a Western text in UTF-16 has a NUL byte, which is valid UTF-8.
  if (/^.?\0/.test(text)) return new SluiceError('INVALID_REQUEST', { detail: 'the body is not UTF-8; its bytes are UTF-16' })
  return new SluiceError('INVALID_REQUEST', { detail: `the body is not valid JSON${findErrorLocation(text)}` })
}

/** In a longer body the place of an error is not searched for: it takes more time than parsing, and a caller could waste it, characters. */
const SEARCHED = 256 * 1024

/** Where a text is not JSON; empty where that is unknown. The text is not repeated, as JSON.parse does: callers log errors. */
function findErrorLocation (text: string): string {
  if (text.length > SEARCHED) return ''
  const errors: ParseError[] = []
  try {
    parseTolerantly(text, errors, { disallowComments: true })
  } catch {
    // The parser is recursive.
    return ': it is nested too deep'
  }
  const [first] = errors
  if (first === undefined) return ''
  const lines = text.slice(0, first.offset).split('\n')
  const reason = printParseErrorCode(first.error).replace(/(?<=[a-z])[A-Z]/g, letter => ` ${letter}`).toLowerCase()
  return `: ${reason} at line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
}
