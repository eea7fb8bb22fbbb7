/** What a route's `schema` says about its operation, besides validating: summary, responses, examples and errors, as OpenAPI has them. */
import type { TSchema } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'

/** Groups of operations. */
export const tags = {
  Messages: 'Posting, finding and cancelling messages',
  'Drop-in': 'WhatsApp\'s Cloud API, for clients written for it; errors have its shape too',
  Campaigns: 'Many messages with one name: counted, paused and cancelled together',
  'Bulk jobs': 'One action on all messages that match a filter, in the background',
  Failures: 'Failed deliveries and their retries',
  'Rate limits': 'The rate limit of a recipient',
  Recipients: 'Data stored about a recipient',
  Senders: 'The sending numbers',
  Counts: 'Counts and metrics',
  Keys: 'The API key of the caller',
  'Retry worker': 'The worker that retries due failures',
  Audit: 'The actions of operators',
  Webhooks: 'Requests of Meta: message statuses, marketing preferences and incoming messages',
  Health: 'For load balancers and orchestrators'
} as const

const requestHeaders = {
  'Idempotency-Key': 'Your name for the message; takes precedence over the field `idempotencyKey`. ' +
    'In a batch, row n without a key of its own gets `<header>#<n>`',
  Prefer: '`respond-async`: never send within the request, so the response comes at once'
} as const

/** Headers of some responses. */
const responseHeaders = {
  'Idempotent-Replayed': '`true`: the idempotency key is known, and the response describes its first message',
  'Retry-After': 'Whole seconds after which to retry; a minute if no end is known',
  RateLimit: 'The state of the pair, and of the caller\'s rate if it has one, as in the IETF draft: ' +
    '`"pair";r=<messages left>;t=<seconds until the next slot>, "caller";r=…;t=…`',
  'RateLimit-Policy': 'The rule of the pair, and the caller\'s rate: `"pair";q=<messages>;w=<seconds>, "caller";q=…;w=…`',
  'Sluice-Status': 'The state of the message, in the gateway\'s words',
  'Sluice-Message-Id': 'The gateway\'s id of the message',
  'Sluice-Delay-Ms': 'How long it waits at least',
  'Sluice-Warnings': 'Codes of what is unusual about the message, as in `warnings` of the gateway\'s own API',
  'Sluice-Sandbox': '`true`: the sandbox replaces WhatsApp, nothing was really sent'
} as const
export type ResponseHeader = keyof typeof responseHeaders

/** A request to try. Each works on a gateway with the sandbox, in the order of the document. */
export interface RequestExample {
  summary: string
  body?: unknown
  params?: Record<string, string>
  query?: Record<string, string>
  headers?: Partial<Record<keyof typeof requestHeaders, string>>
}

declare module 'fastify' {
  interface FastifySchema {
    operationId?: string
    tags?: readonly string[]
    summary?: string
    description?: string
    /** Requests to try, by name, the simplest first. The OpenAPI document shows them with the body and the parameters. */
    'x-requests'?: Record<string, RequestExample>
    /** Headers for the document only: as `headers` they would be validated, which costs time for each message and proves nothing. */
    'x-headers'?: TSchema
  }
}

/** Optional headers of a request. */
export function optionalHeaders (...names: Array<keyof typeof requestHeaders>) {
  return Type.Object(Object.fromEntries(names.map(name => [name, Type.Optional(Type.String({ description: requestHeaders[name] }))])))
}

interface Shown { headers?: readonly ResponseHeader[], examples?: Record<string, unknown> }

/** A response in JSON. `schema` is the type of what the handler may return. */
export function json<Schema extends TSchema> (description: string, schema: Schema, { headers = [], examples }: Shown) {
  const media = { schema, ...(examples === undefined ? {} : { examples: named(examples) }) }
  return { description, headers: describeHeaders(headers), content: { 'application/json': media } }
}

/** A response in plain text. */
export function plainText (description: string, example: string) {
  return { description, headers: {}, content: { 'text/plain': { schema: Type.String(), examples: named({ example }) } } }
}

export interface HeaderSchema { type: 'string', description: string }

export function describeHeaders (names: readonly ResponseHeader[]): Record<string, HeaderSchema> {
  return Object.fromEntries(names.map(name => [name, { type: 'string', description: responseHeaders[name] }]))
}

export function named (examples: Record<string, unknown>): Record<string, { value: unknown }> {
  return Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]))
}
