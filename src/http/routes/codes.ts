import { Type } from '@sinclair/typebox'
import type { Explain } from '../../failure/failure.js'
import type { Api } from '../api.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { undeliverable } from '../samples.js'
import { ref, text } from '../schemas/common.js'

const CodeParamsSchema = Type.Object({
  code: Type.String({ pattern: '^[A-Za-z0-9_/-]{1,64}$', description: 'A code of WhatsApp, or of the gateway such as `HEADERS_TIMEOUT`' })
})

const CodeSchema = Type.Object({
  code: text('As requested'),
  title: text('Its title'),
  explanation: text('What it means'),
  remedy: text('What to do about it')
}, { $id: 'Code', description: 'An error code with its explanation' })

const { code, message: title, explanation, remedy } = undeliverable

const getCode = {
  operationId: 'getCode',
  tags: ['Failures'],
  summary: 'Explains an error code and what to do about it',
  description: 'By the policy in force. For an unknown code the response says where to look it up.',
  params: CodeParamsSchema,
  response: {
    200: json('The code', ref(CodeSchema), { examples: { undeliverable: { code, title, explanation, remedy } } }),
    ...problems('INVALID_REQUEST')
  },
  'x-requests': {
    undeliverable: { summary: 'A code of WhatsApp', params: { code: '131026' } },
    own: { summary: 'A code of the gateway', params: { code: 'HEADERS_TIMEOUT' } }
  }
}

export function codeRoutes (api: Api, explain: Explain): void {
  addSchemas(api, CodeSchema)

  api.get('/codes/:code', { schema: getCode, config: { roles: ['send', 'read', 'admin'] } }, async ({ params: { code } }) =>
    ({ code, ...explain(code) }))
}
