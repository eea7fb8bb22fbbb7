import { CallerSchema, CodeSchema } from '../schemas/caller.js'
import type { Operation } from './operation.js'

export const getCaller: Operation = {
  id: 'getCaller',
  tag: 'Keys',
  summary: 'Tells whose key this is and what it may do',
  description: 'Without API keys everybody is `anonymous`, an admin.',
  examples: { own: { summary: 'My own' } },
  answers: { 200: { is: 'The caller', schema: CallerSchema, examples: { operator: { name: 'operator', role: 'admin' } } } }
}

export const getCode: Operation = {
  id: 'getCode',
  tag: 'Failures',
  summary: 'Tells what an error code means and what to do about it',
  description: 'By the policy in force. A code that nobody knows is answered too: where to look it up.',
  examples: { undeliverable: { summary: 'A code of WhatsApp\'s', params: { code: '131026' } }, own: { summary: 'One of the gateway\'s own', params: { code: 'HEADERS_TIMEOUT' } } },
  answers: {
    200: {
      is: 'The code',
      schema: CodeSchema,
      examples: { undeliverable: { code: '131026', title: 'Message undeliverable', explanation: 'WhatsApp can not deliver to this number.', remedy: 'Check the number.' } }
    }
  }
}
