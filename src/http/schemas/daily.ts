import { Type } from '@sinclair/typebox'
import type { DailyLimitReason } from '../../sender-facts.js'
import { count, oneOf, refOrNull, textOrNull, timestamp, timestampOrNull } from './common.js'

const dailyReasons: Record<DailyLimitReason, string> = {
  own: 'its own setting',
  whatsapp: 'the limit that WhatsApp has set for its portfolio',
  portfolio: 'its share of the limit of its portfolio',
  ramp: 'its warm-up',
  none: 'no limit is known: people are counted only'
}

export const DailyKnownSchema = Type.Object({
  limit: Type.Union([count('People in 24 hours'), Type.Null()], { description: 'People in 24 hours; null for no limit' }),
  source: oneOf({ node: 'the node of the phone number', webhook: 'a webhook' }, 'Where it is known from'),
  since: timestamp('When WhatsApp said so last')
}, { $id: 'DailyKnown', description: 'The daily limit of a portfolio, as WhatsApp says' })

export const DailySchema = Type.Object({
  limit: Type.Union([count('People in 24 hours'), Type.Null()], { description: 'The limit in force, people in 24 hours; null for none' }),
  reason: oneOf(dailyReasons, 'What sets it'),
  used: count('People who count now'),
  free: Type.Union([count('People'), Type.Null()], { description: 'To how many more people it may write now; null for no limit' }),
  people: count('People who wait'),
  waiting: count('Messages that wait, outside of the queues'),
  freeAt: timestampOrNull('When the first person counts no longer; null if none counts'),
  portfolio: textOrNull('Name of the portfolio whose limit it shares; null for none'),
  whatsapp: refOrNull(DailyKnownSchema, 'What WhatsApp says; null if that is not known')
}, { $id: 'DailyLimit', description: 'To how many people a sender may write outside of their windows in 24 hours' })
