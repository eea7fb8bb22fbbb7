import type { FastifyInstance } from 'fastify'
import { SluiceError } from '../../errors.js'
import type { WebhookDeps } from '../../webhooks/receive.js'
import { createReceive } from '../../webhooks/receive.js'
import { isVerified } from '../../webhooks/verify.js'
import { takeWebhook as taking, verifyWebhook as verifying } from '../docs/webhooks.js'

/** Meta posts up to 3 MB. */
const BODY_LIMIT = 4 * 1024 * 1024

/**
 * Meta's callbacks. No API key: the verify token and the signature are what tells Meta from others. Bytes are taken as they
 * come, whatever they say they are, since the signature is over the bytes.
 */
export function webhookRoutes (app: FastifyInstance, deps: WebhookDeps): void {
  const receive = createReceive(deps)
  app.register(async hooks => {
    hooks.removeAllContentTypeParsers()
    hooks.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_, body, done) => { done(null, body) })
    hooks.get('/webhooks/whatsapp', { config: { operation: verifying } }, async (request, reply) => {
      const query = request.query as Record<string, string | undefined>
      const challenge = query['hub.challenge'] ?? ''
      if (!isVerified(deps.verifyToken, query['hub.mode'], query['hub.verify_token']) || !/^[\w-]{1,256}$/.test(challenge)) throw new SluiceError('FORBIDDEN', { detail: 'The verify token is not the one of WHATSAPP_VERIFY_TOKEN' })
      return await reply.type('text/plain').header('x-content-type-options', 'nosniff').send(challenge)
    })
    hooks.post('/webhooks/whatsapp', { config: { operation: taking }, bodyLimit: BODY_LIMIT }, async request => {
      const header = request.headers['x-hub-signature-256']
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      return await receive(body, typeof header === 'string' ? header : undefined)
    })
  })
}
