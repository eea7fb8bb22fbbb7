import { Type } from '@sinclair/typebox'
import { invalidValue, SluiceError } from '../../errors.js'
import type { CloseDeps } from '../../drain/close.js'
import { listRates, MOST_RATES, writeRate, type Rated } from '../../templates/rates.js'
import { readTemplateName, spellTemplate, parseTemplate } from '../../template-name.js'
import { formatTime } from '../../values/time.js'
import type { Api, ServedSenders } from '../api.js'
import { chooseSender } from '../api.js'
import { addSchemas } from '../openapi.js'
import { json } from '../operation.js'
import { problems } from '../problem-responses.js'
import { sampleTime, SENDER } from '../samples.js'
import { LEAST_RATE, MOST_RATE } from '../schemas/campaign.js'
import { categoryMeanings, count, listOf, oneOf, oneOfOrNull, ref, textOrNull, timestamp } from '../schemas/common.js'
import type { AuditDeps } from './audit.js'
import { audit } from './audit.js'

const SenderParamsSchema = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64, description: 'Phone number id of the sender' }) })

const PutRateSchema = Type.Object({
  template: Type.Optional(Type.String({ minLength: 1, maxLength: 512, pattern: '^\\S+$', description: 'Name of the template, with `language`' })),
  language: Type.Optional(Type.String({
    minLength: 1, maxLength: 32, pattern: '^\\S+$', description: 'Code of its language; case and `-` or `_` do not matter'
  })),
  category: Type.Optional(oneOf(categoryMeanings, 'In place of a template: all messages that name this `category`')),
  perSecond: Type.Union([Type.Number({ minimum: LEAST_RATE, maximum: MOST_RATE }), Type.Null()], {
    description: `Messages of it that start in a second, from this sender: ${LEAST_RATE} to ${MOST_RATE}; null removes the rate`
  })
}, { $id: 'PutRate', additionalProperties: false, description: 'The rate of a template in one language, or of a category' })

const RateSchema = Type.Object({
  template: textOrNull('Name of the template; null for a category'),
  language: textOrNull('Code of its language, in lower case and with `_`; null for a category'),
  category: oneOfOrNull(categoryMeanings, 'The category; null for a template'),
  perSecond: Type.Unsafe<number>({ type: 'number', minimum: 0, description: 'Messages of it that start in a second' }),
  since: timestamp('When the rate was set'),
  waiting: count('Messages that wait for it, outside of the queues')
}, { $id: 'Rate', description: 'The rate of a template or a category at one sender' })

const RatesSchema = Type.Object({ rates: listOf([RateSchema], 'Those of templates first') }, {
  $id: 'Rates', description: 'The rates of templates and categories of a sender'
})

const ofTemplate = { template: 'spring_offer', language: 'en_us', category: null, perSecond: 20, since: sampleTime('09:30:00.000'), waiting: 412 }
const ofCategory = { template: null, language: null, category: 'marketing', perSecond: 50, since: sampleTime('09:31:00.000'), waiting: 0 }
const params = { id: SENDER }
const one = { tags: ['Senders'], params: SenderParamsSchema }

const listRatesOperation = {
  ...one,
  operationId: 'listRates',
  summary: 'Lists the rates of templates and categories of a sender',
  response: {
    200: json('The rates', ref(RatesSchema), { examples: { two: { rates: [ofTemplate, ofCategory] } } }),
    ...problems('INVALID_REQUEST', 'SENDER_UNKNOWN')
  },
  'x-requests': { one: { summary: 'The default sender', params } }
}

const putRateOperation = {
  ...one,
  operationId: 'putRate',
  summary: 'Sets or removes the rate of a template or a category',
  description: 'Its messages start no faster, from the next grant on; those that wait leave the way free for others. A message without ' +
    `\`category\` has no rate of a category. A sender has up to ${MOST_RATES} rates.`,
  body: PutRateSchema,
  response: {
    200: json('The rates of the sender', ref(RatesSchema), { examples: { one: { rates: [ofTemplate] } } }),
    ...problems('INVALID_REQUEST', 'SENDER_UNKNOWN')
  },
  'x-requests': {
    template: { summary: 'Of a template', params, body: { template: 'spring_offer', language: 'en_US', perSecond: 20 } },
    category: { summary: 'Of a category', params, body: { category: 'marketing', perSecond: 50 } },
    none: { summary: 'None any more', params, body: { category: 'marketing', perSecond: null } }
  }
}

interface Named { template?: string, language?: string, category?: keyof typeof categoryMeanings }

/** What the request names. Throws INVALID_REQUEST unless it is a template with its language, or a category. */
function ratedOf ({ template, language, category }: Named): Rated {
  if (category !== undefined) {
    const other = template === undefined ? 'language' : 'template'
    const value = template ?? language
    if (value !== undefined) throw invalidValue({ field: other, value, allowed: 'absent where category is given' })
    return { category }
  }
  if (template === undefined) throw invalidValue({ field: 'template', allowed: 'the name of a template, or use category' })
  if (language === undefined) throw invalidValue({ field: 'language', allowed: 'the code of the template\'s language, as en_US' })
  const name = readTemplateName(template, language)
  if (name === null) throw invalidValue({ field: 'template', value: template, allowed: 'a name without control characters' })
  return parseTemplate(spellTemplate(name))
}

/** Rates of templates and categories. */
export interface RateRouteDeps extends AuditDeps, CloseDeps { senders: ServedSenders }

export function rateRoutes (api: Api, deps: RateRouteDeps): void {
  addSchemas(api, PutRateSchema, RateSchema, RatesSchema)

  async function list (sender: string) {
    const rates = await listRates(deps.store, sender)
    return {
      rates: rates.map(({ rated, perSecond, since, waiting }) => ({
        template: 'category' in rated ? null : rated.name,
        language: 'category' in rated ? null : rated.language,
        category: 'category' in rated ? rated.category : null,
        perSecond,
        since: formatTime(since),
        waiting
      }))
    }
  }

  api.get('/senders/:id/rates', { schema: listRatesOperation, config: { roles: ['read', 'admin'] } }, async request =>
    await list(chooseSender(deps.senders, request.params.id)))

  api.put('/senders/:id/rates', { schema: putRateOperation, config: { roles: ['admin'] } }, async request => {
    const sender = chooseSender(deps.senders, request.params.id)
    const rated = ratedOf(request.body)
    const { perSecond } = request.body
    const status = await writeRate(deps, sender, rated, perSecond)
    const field = 'category' in rated ? 'category' : 'template'
    if (status === 'full') {
      throw new SluiceError('INVALID_REQUEST', { field, detail: `the sender has ${MOST_RATES} rates, the most that are possible: remove one` })
    }
    if (status === 'written') {
      const subject = 'category' in rated ? rated.category : spellTemplate(rated)
      await audit(deps, { by: request.caller.name, action: 'set-rate', sender, subject, detail: `perSecond=${perSecond}` })
    }
    return await list(sender)
  })
}
