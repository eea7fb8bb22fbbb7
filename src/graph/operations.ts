/** What the OpenAPI document says of the Graph surface. */
import type { Static } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import type { RouteOptions } from 'fastify'
import { describeRoute } from '../http/openapi.js'
import type { RequestExample, ResponseHeader } from '../http/operation.js'
import { json, optionalHeaders } from '../http/operation.js'
import { sampleTime, ID, SENDER, WAMID } from '../http/samples.js'
import { either, ref } from '../http/schemas/common.js'
import type { Edge } from '../message.js'
import { GraphResponseSchema, GraphErrorSchema, GraphMessageSchema, GraphPassedSchema } from './schemas.js'

const params = { version: 'v25.0', phoneNumberId: SENDER }
const envelope = { messaging_product: 'whatsapp', recipient_type: 'individual' }
const template = { type: 'template', template: { name: 'hello_world', language: { code: 'en_US' } } }
const textTo = (to: string, body: string): object => ({ ...envelope, to, type: 'text', text: { body } })

const sent = { messaging_product: 'whatsapp', contacts: [{ input: '15550104731', wa_id: '15550104731' }], messages: [{ id: WAMID }] }
const sluice = { status: 'queued', delay_ms: 1948, expected_at: sampleTime('09:30:01.948'), position: 1, waiting_for: 'pair-rate' }
const queued = { ...sent, messages: [{ id: ID, message_status: 'accepted', sluice }] }
const rejected = {
  error: {
    message: '(#131026) Message undeliverable',
    type: 'OAuthException',
    code: 131026,
    error_data: { messaging_product: 'whatsapp', details: 'PROVIDER_REJECTED: WhatsApp cannot deliver to this number.' },
    fbtrace_id: 'b0a4f5f2-0d0e-4b8e-9d5c-5a1d3f6b7c11'
  }
}

/** Errors have the shape of the Graph API, because its clients read no other. */
function graphErrors (descriptions: Record<number, [description: string, ...headers: ResponseHeader[]]>): Record<never, never> {
  return Object.fromEntries(Object.entries(descriptions).map(([status, [description, ...headers]]) => {
    return [status, json(description, ref(GraphErrorSchema), { headers, ...(status === '400' ? { examples: { rejected } } : {}) })]
  }))
}

const success = json(
  'Sent, or accepted and waiting (`messages[0].sluice`); or WhatsApp\'s own response to a forwarded request',
  // A forwarded response stays the text that WhatsApp sent.
  Type.Unsafe<Static<typeof GraphResponseSchema> | string>(either(GraphResponseSchema, GraphPassedSchema)),
  {
    headers: ['Sluice-Status', 'Sluice-Message-Id', 'Sluice-Delay-Ms', 'Sluice-Warnings', 'Sluice-Sandbox', 'Idempotent-Replayed'],
    examples: { sent, queued, passed: { success: true } }
  }
)

const response = {
  200: success,
  ...graphErrors({
    400: [
      'WhatsApp rejected the message, with WhatsApp\'s own code; or the request is not valid (100, 131009)',
      'Sluice-Message-Id', 'Idempotent-Replayed', 'Sluice-Status'
    ],
    401: ['The bearer token is not a key of this gateway (190)'],
    403: ['The role of the key may not send (10)'],
    404: ['No such phone number id (100, subcode 33)'],
    409: ['The quoted message is not sent yet (131009)'],
    413: ['The body is too large (100)'],
    422: [
      'The idempotency key belongs to another message (100), or to one that ended without being sent (131043)',
      'Idempotent-Replayed', 'Sluice-Message-Id', 'Sluice-Status'
    ],
    429: ['Too many messages wait for this recipient (131056), or for the sender (130429)', 'Retry-After'],
    500: ['An unexpected error in the gateway (131000)'],
    503: ['Temporarily unavailable (131016)', 'Retry-After']
  })
}

const headers = optionalHeaders('Idempotency-Key', 'Prefer')
const pathParams = Type.Object({
  version: Type.String({ description: 'Any version of the Graph API, or none; the gateway uses its own. A prefix may precede it' }),
  phoneNumberId: Type.String({ description: 'The sender' })
})

/** The route itself is a wildcard; the document shows the path that clients use. */
export function documentAs (edge: Edge) {
  return ({ schema, route }: { schema: object, url: string, route: RouteOptions }) =>
    describeRoute({ schema: { ...schema, params: pathParams }, url: `/:version/:phoneNumberId/${edge}`, route })
}

const common = { tags: ['Drop-in'], 'x-headers': headers, body: GraphMessageSchema, response }

const messageRequests: Record<string, RequestExample> = {
  text: { summary: 'A text', params, body: textTo('15550104731', 'Hello') },
  next: {
    summary: 'Another one to the same recipient: it waits',
    params,
    body: { ...textTo('15550104731', 'Hello again'), biz_opaque_callback_data: 'order-4711' }
  },
  user: {
    summary: 'A template to a business-scoped user id',
    params,
    headers: { 'Idempotency-Key': 'welcome-4711' },
    body: { ...envelope, recipient: 'US.13491208655302741918', ...template }
  },
  group: { summary: 'To a group', params, body: { ...textTo('Y2FwaV9ncm91cDoxNzA1NTU1MDEz', 'Hello all'), recipient_type: 'group' } },
  read: {
    summary: 'Mark as read, and show a typing indicator',
    params,
    body: { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.HBgLMTU1NTAxMDQ3MzEVAgASGBQ', typing_indicator: { type: 'text' } }
  },
  undeliverable: { summary: 'A number of the sandbox that WhatsApp rejects permanently', params, body: textTo('15560131026', 'Hello') }
}

export const operations = {
  messages: {
    ...common,
    operationId: 'graphMessages',
    summary: 'Accepts a message in the format of WhatsApp\'s Cloud API',
    description: 'For clients of the Cloud API whose base URL points to the gateway. No idempotency key is derived; the header `Idempotency-Key` ' +
      'sets one. See docs/drop-in.md.',
    'x-requests': messageRequests
  },
  marketing_messages: {
    ...common,
    operationId: 'graphMarketingMessages',
    summary: 'The same for marketing templates',
    description: 'They go to WhatsApp\'s own `/marketing_messages`, retries too, with `product_policy` and all other fields.',
    'x-requests': {
      template: {
        summary: 'A marketing template', params, body: { ...envelope, to: '15550104732', ...template, product_policy: 'CLOUD_API_FALLBACK' }
      }
    }
  }
} satisfies Record<Edge, object>
