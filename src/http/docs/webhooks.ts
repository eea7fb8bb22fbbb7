import { Type } from '@sinclair/typebox'
import type { Operation } from './operation.js'

const challenge = '1158201444'

export const verifyWebhook: Operation = {
  id: 'verifyWebhook',
  tag: 'Webhooks',
  summary: 'Meta asks whether this is the right place',
  description: 'Answers `hub.challenge` if `hub.mode` is `subscribe` and `hub.verify_token` is the one of `WHATSAPP_VERIFY_TOKEN`.',
  open: true,
  examples: {},
  answers: { 200: { is: 'The challenge', text: { type: 'text/plain', example: challenge } } },
  errors: ['FORBIDDEN']
}

export const takeWebhook: Operation = {
  id: 'takeWebhook',
  tag: 'Webhooks',
  summary: 'Meta tells what became of messages, who wants no marketing or some again, and what people write',
  description: 'Statuses settle messages, the field `user_preferences` notes opt-outs, and with `CALLBACK_URL` everything else is relayed. Needs `X-Hub-Signature-256` over the bytes of the body, by a secret of `WHATSAPP_APP_SECRET` or of the sender. Answers 200 once all of it is in Redis; after anything else Meta tells it again.',
  open: true,
  examples: {},
  answers: { 200: { is: 'All of it is kept', schema: Type.Object({ statuses: Type.Integer() }), examples: { one: { statuses: 1 } } } },
  errors: ['WEBHOOK_SIGNATURE', 'INVALID_REQUEST', 'TOO_LARGE', 'UNAVAILABLE', 'SHUTTING_DOWN']
}
