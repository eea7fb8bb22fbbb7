import { Type } from '@sinclair/typebox'
import type { Edge } from '../../message.js'
import { either } from '../schemas/common.js'
import { GraphAnswerSchema, GraphErrorSchema, GraphPassedSchema } from '../schemas/graph.js'
import type { Answer, Operation } from './operation.js'
import { at, ID, SENDER, WAMID } from './samples.js'

const params = { version: 'v25.0', phoneNumberId: SENDER }
const envelope = { messaging_product: 'whatsapp', recipient_type: 'individual' }
const template = { type: 'template', template: { name: 'hello_world', language: { code: 'en_US' } } }

const sent = { messaging_product: 'whatsapp', contacts: [{ input: '15550104731', wa_id: '15550104731' }], messages: [{ id: WAMID }] }
const queued = {
  ...sent,
  messages: [{ id: ID, message_status: 'accepted', sluice: { status: 'queued', delay_ms: 1948, expected_at: at('09:30:01.948'), position: 1, waiting_for: 'pair-rate' } }]
}
const refused = (message: string, code: number, details: string): unknown =>
  ({ error: { message, type: 'OAuthException', code, error_data: { messaging_product: 'whatsapp', details }, fbtrace_id: 'b0a4f5f2-0d0e-4b8e-9d5c-5a1d3f6b7c11' } })

/** In the shape of the Graph API, for it is all that its clients read. */
const refusals: Record<number, Omit<Answer, 'schema'>> = {
  400: {
    is: 'WhatsApp refused the message, with WhatsApp\'s own code; or the request is not valid (100, 131009)',
    headers: ['Sluice-Message-Id', 'Idempotent-Replayed', 'Sluice-Status'],
    examples: { refused: refused('(#131026) Message undeliverable', 131026, 'PROVIDER_REJECTED: WhatsApp can not deliver to this number.') }
  },
  401: { is: 'The bearer token is no key of this gateway (190)' },
  403: { is: 'The key may not send (10)' },
  404: { is: 'No such phone number id (100, subcode 33)' },
  409: { is: 'The message that this one quotes is not sent yet (131009)' },
  413: { is: 'The body is too large (100)' },
  422: { is: 'The idempotency key belongs to another message (100), or to one that ended unsent (131043)', headers: ['Idempotent-Replayed', 'Sluice-Message-Id', 'Sluice-Status'] },
  429: { is: 'Too many messages wait for this recipient (131056), or for the sender (130429)', headers: ['Retry-After'] },
  500: { is: 'Something went wrong in the gateway (131000)' },
  503: { is: 'Not now (131016)', headers: ['Retry-After'] }
}

function operationOf (edge: Edge, more: Pick<Operation, 'id' | 'summary' | 'description' | 'examples'>): Operation {
  return {
    tag: 'Drop-in',
    ...more,
    path: `/:version/:phoneNumberId/${edge}`,
    params: Type.Object({
      version: Type.String({ description: 'Any version of the Graph API, or none at all; the gateway asks by its own. A prefix may stand before it' }),
      phoneNumberId: Type.String({ description: 'The sender' })
    }),
    headers: ['Idempotency-Key', 'Prefer'],
    answers: {
      200: {
        is: 'Sent, or accepted and waiting (`messages[0].sluice`); or WhatsApp\'s own answer to what is no message',
        schema: either(GraphAnswerSchema, GraphPassedSchema),
        headers: ['Sluice-Status', 'Sluice-Message-Id', 'Sluice-Delay-Ms', 'Sluice-Sandbox', 'Idempotent-Replayed'],
        examples: { sent, queued, passed: { success: true } }
      },
      ...Object.fromEntries(Object.entries(refusals).map(([status, refusal]) => [status, { ...refusal, schema: GraphErrorSchema }]))
    }
  }
}

export const messages = operationOf('messages', {
  id: 'graphMessages',
  summary: 'Takes a message as WhatsApp\'s Cloud API takes it',
  description: 'For clients of the Cloud API whose base URL points here. Nothing is derived as an idempotency key; the header `Idempotency-Key` counts. All of it: docs/drop-in.md.',
  examples: {
    text: { summary: 'A text', params, body: { ...envelope, to: '15550104731', type: 'text', text: { body: 'Hello' } } },
    next: { summary: 'Another to the same recipient: it waits', params, body: { ...envelope, to: '15550104731', type: 'text', text: { body: 'Hello again' }, biz_opaque_callback_data: 'order-4711' } },
    user: { summary: 'A template to a business-scoped user id', params, headers: { 'Idempotency-Key': 'welcome-4711' }, body: { ...envelope, recipient: 'US.13491208655302741918', ...template } },
    group: { summary: 'To a group', params, body: { ...envelope, recipient_type: 'group', to: 'Y2FwaV9ncm91cDoxNzA1NTU1MDEz', type: 'text', text: { body: 'Hello all' } } },
    read: { summary: 'Mark as read, and show that somebody types', params, body: { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.HBgLMTU1NTAxMDQ3MzEVAgASGBQ', typing_indicator: { type: 'text' } } },
    refused: { summary: 'A number of the sandbox that WhatsApp refuses for good', params, body: { ...envelope, to: '15560131026', type: 'text', text: { body: 'Hello' } } }
  }
})

export const marketingMessages = operationOf('marketing_messages', {
  id: 'graphMarketingMessages',
  summary: 'The same for marketing templates',
  description: 'They go to WhatsApp\'s own `/marketing_messages`, retries too, with `product_policy` and all else that stands there.',
  examples: {
    template: { summary: 'A marketing template', params, body: { ...envelope, to: '15550104732', ...template, product_policy: 'CLOUD_API_FALLBACK' } }
  }
})
