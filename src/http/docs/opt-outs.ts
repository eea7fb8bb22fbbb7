import { OptOutsSchema, ResumedSchema, StoppedSchema } from '../schemas/opt-out.js'
import type { Operation } from './operation.js'
import { at, SENDER } from './samples.js'

const recipient = '15550104711'
const since = at('09:30:00.000')
const errors = ['INVALID_RECIPIENT', 'RECIPIENT_IS_USER_ID', 'SENDER_UNKNOWN'] as const

export const listOptOuts: Operation = {
  id: 'listOptOuts',
  tag: 'Recipients',
  summary: 'Lists the recipients that want no marketing from a sender',
  examples: { all: { summary: 'The first page', query: { limit: '100' } } },
  answers: { 200: { is: 'A page', schema: OptOutsSchema, examples: { one: { optOuts: [{ recipient, sender: SENDER, since, by: 'whatsapp', reason: '131050' }], nextCursor: null } } } },
  errors: ['SENDER_UNKNOWN']
}

export const stopMarketing: Operation = {
  id: 'stopMarketing',
  tag: 'Recipients',
  summary: 'Notes that a recipient wants no marketing from a sender',
  description: 'Marketing that waits in the recipient\'s line is cancelled, what is scheduled or retried is cancelled when its moment comes, and new marketing is refused with RECIPIENT_OPTED_OUT. Everything else goes on. Marketing is what was posted with `category` `marketing`, or came by `/marketing_messages`.',
  examples: { web: { summary: 'Said on a web page', params: { recipient: '+15550104711' }, body: { reason: 'unsubscribed on the web' } } },
  answers: { 200: { is: 'Noted', schema: StoppedSchema, examples: { noted: { recipient, sender: SENDER, since, wasOut: false, dropped: 2 } } } },
  errors
}

export const resumeMarketing: Operation = {
  id: 'resumeMarketing',
  tag: 'Recipients',
  summary: 'Notes that a recipient wants marketing from a sender again',
  description: 'Who stopped it in WhatsApp has to resume it there too; until then WhatsApp answers 131050, which opts the recipient out again.',
  examples: { one: { summary: 'A recipient', params: { recipient: '+15550104711' } } },
  answers: { 200: { is: 'Whether there was an opt-out', schema: ResumedSchema, examples: { gone: { recipient, sender: SENDER, wasOut: true } } } },
  errors
}
