import { Type } from '@sinclair/typebox'
import { SluiceError } from '../../errors.js'
import type { WebhookDeps } from '../../webhooks/receive.js'
import { createReceive } from '../../webhooks/receive.js'
import { isVerified } from '../../webhooks/verify.js'
import type { Api } from '../api.js'
import { json, plainText } from '../operation.js'
import { problems } from '../problem-responses.js'
import { count } from '../schemas/common.js'

/** Meta posts up to 3 MB. */
const BODY_LIMIT = 4 * 1024 * 1024

const verifyWebhook = {
  operationId: 'verifyWebhook',
  tags: ['Webhooks'],
  summary: 'Verifies the webhook URL for Meta',
  description: 'Returns `hub.challenge` if `hub.mode` is `subscribe` and `hub.verify_token` equals `WHATSAPP_VERIFY_TOKEN`.',
  response: { 200: plainText('The challenge', '1158201444'), ...problems('FORBIDDEN') }
}

const receiveWebhook = {
  operationId: 'receiveWebhook',
  tags: ['Webhooks'],
  summary: 'Receives message statuses, marketing preferences and incoming messages from Meta',
  description: 'Statuses settle messages, the field `user_preferences` changes opt-outs, and with `CALLBACK_URL` everything else is relayed. ' +
    'Needs `X-Hub-Signature-256` over the bytes of the body, by a secret of `WHATSAPP_APP_SECRET` or of the sender. ' +
    'Responds 200 once everything is in Redis; after any other response Meta sends it again.',
  response: {
    200: json('Everything is stored', Type.Object({ statuses: count('Statuses in the request') }), { examples: { one: { statuses: 1 } } }),
    ...problems('WEBHOOK_SIGNATURE', 'INVALID_REQUEST', 'TOO_LARGE', 'UNAVAILABLE', 'SHUTTING_DOWN')
  }
}

/**
 * Meta's webhooks. No API key: Meta authenticates with the verify token and the signature. The body is read as bytes, whatever its content
 * type, because the signature is over the bytes.
 */
export function webhookRoutes (app: Api, deps: WebhookDeps): void {
  const receive = createReceive(deps)
  app.register(async (hooks: Api) => {
    hooks.removeAllContentTypeParsers()
    hooks.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_, body, done) => { done(null, body) })

    hooks.get('/webhooks/whatsapp', { schema: verifyWebhook }, async (request, reply) => {
      const query = request.query as Record<string, unknown>
      // A parameter that is given twice is a list. Meta gives each once.
      const once = (name: string): string => typeof query[name] === 'string' ? query[name] : ''
      const challenge = once('hub.challenge')
      if (!isVerified(deps.verifyToken, once('hub.mode'), once('hub.verify_token'))) {
        throw new SluiceError('FORBIDDEN', { detail: 'hub.verify_token is not the one of WHATSAPP_VERIFY_TOKEN' })
      }
      if (!/^[\w-]{1,256}$/.test(challenge)) {
        throw new SluiceError('FORBIDDEN', { detail: 'hub.challenge must be 1 to 256 letters, digits, - or _, given once' })
      }
      reply.type('text/plain').header('x-content-type-options', 'nosniff')
      return challenge
    })

    hooks.post('/webhooks/whatsapp', { schema: receiveWebhook, bodyLimit: BODY_LIMIT }, async request => {
      const signature = request.headers['x-hub-signature-256']
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      return await receive(body, typeof signature === 'string' ? signature : undefined)
    })
  })
}
