import type { TSchema } from '@sinclair/typebox'
import type { ErrorCode } from '../../errors.js'

/** Groups of operations, with what each is about. */
export const tags = {
  Messages: 'Posting, finding and cancelling messages',
  'Drop-in': 'WhatsApp\'s Cloud API, for clients that know nothing else; errors are in its shape too',
  Failures: 'What WhatsApp did not take, and trying again',
  'Rate limits': 'A recipient\'s pace',
  Recipients: 'What is held about somebody',
  Senders: 'The sending numbers',
  Counts: 'How it stands',
  Keys: 'Who asks',
  'Retry worker': 'The worker that retries due failures',
  Audit: 'Who did what',
  Webhooks: 'What Meta calls: receipts of messages, wishes about marketing, and what people write',
  Health: 'For load balancers and orchestrators'
} as const

/** Headers of requests. */
export const requestHeaders = {
  'Idempotency-Key': 'Your name for the message; wins over the field `idempotencyKey`. In a batch, row n without a key of its own gets `<header>#<n>`',
  Prefer: '`respond-async`: never send within the request, so the answer comes at once'
} as const

/** Headers of answers. */
export const answerHeaders = {
  'Idempotent-Replayed': '`true`: the key is known, and this tells of its first message',
  'Retry-After': 'Whole seconds after which a repeat makes sense; a minute where no end is known',
  RateLimit: 'The pair\'s state, as the IETF draft has it: `"pair";r=<messages left>;t=<seconds until the next slot>`',
  'Sluice-Status': 'Where the message stands, in the gateway\'s words',
  'Sluice-Message-Id': 'The gateway\'s id of the message',
  'Sluice-Delay-Ms': 'How long it will wait at least',
  'Sluice-Sandbox': '`true`: the sandbox stands in for WhatsApp, nothing was really sent',
  'RateLimit-Policy': 'The pair\'s rule: `"pair";q=<messages>;w=<seconds>`'
} as const

/** Headers of every answer, as components of the document. */
export const everyAnswer = {
  'X-Request-Id': { description: 'The request\'s own `X-Request-Id` where it is 1 to 64 letters, digits and `_ . : -`, else a new one; the log has it too', schema: { type: 'string' } }
} as const

/** Headers as the document has them, with those of every answer. */
export function describeHeaders (names: ReadonlyArray<keyof typeof answerHeaders> = []): Record<string, object> {
  return {
    ...Object.fromEntries(names.map(name => [name, { description: answerHeaders[name], schema: { type: 'string' } }])),
    ...Object.fromEntries(Object.keys(everyAnswer).map(name => [name, { $ref: `#/components/headers/${name}` }]))
  }
}

/** Something to send: the body, and what else of the request it needs (in the document `x-requests`). */
export interface Example {
  summary: string
  body?: unknown
  params?: Record<string, string>
  query?: Record<string, string>
  headers?: Partial<Record<keyof typeof requestHeaders, string>>
}

export interface Answer {
  /** Said of this status. */
  is: string
  /** Without one there is no body. */
  schema?: TSchema
  headers?: ReadonlyArray<keyof typeof answerHeaders>
  /** Instead of a schema: a body that is no JSON. */
  text?: { type: string, example: string }
  /** By a name that says what it shows. */
  examples?: Record<string, unknown>
}

/**
 * What the document tells of a route beyond its schemas and roles. Stands in the route's `config`, not in its `schema`: an
 * answer's schema there would make Fastify serialise by it, dropping every field that it does not name. So it only describes,
 * answers are written by JSON.stringify, and a test holds real ones against it.
 */
export interface Operation {
  id: string
  tag: keyof typeof tags
  /** Shown as the route's pattern, with its parameters, where the route itself has only a wildcard. */
  path?: string
  params?: TSchema
  summary: string
  /** More than the summary. */
  description?: string
  headers?: ReadonlyArray<keyof typeof requestHeaders>
  /** Requests to try, the first of them the plainest. Every one works on a gateway with the sandbox, in the order of the document. */
  examples: Record<string, Example>
  answers: Record<number, Answer>
  /** What can go wrong besides what can with every route. */
  errors?: readonly ErrorCode[]
  /** Needs no key. */
  open?: boolean
}

declare module 'fastify' {
  interface FastifyContextConfig { operation?: Operation }
}
