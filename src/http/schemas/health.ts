import { Type } from '@sinclair/typebox'
import type { HealthState } from '../../sender-facts.js'
import { countOrNull, listOf, oneOf, text, textOrNull, timestampOrNull } from './common.js'

const healthStates: Record<HealthState, string> = {
  unknown: 'it has not been read',
  available: 'nothing is limited or blocked',
  limited: 'WhatsApp may reject some messages, and nothing is stopped',
  blocked: 'WhatsApp says that a part of it sends nothing; `state` and `templates` of the sender say what that stops'
}

export const HealthErrorSchema = Type.Object({
  code: countOrNull('Meta\'s code; null for none'),
  description: textOrNull('What is wrong, as Meta words it; null if it does not say'),
  solution: textOrNull('What to do, as Meta words it; null if it does not say')
}, { $id: 'HealthError', description: 'Why a part of a sender is limited or blocked' })

export const HealthProblemSchema = Type.Object({
  entity: text('The part, as Meta names it: `PHONE_NUMBER`, `WABA`, `BUSINESS` or `APP`'),
  state: oneOf(healthStates, 'Its state'),
  id: textOrNull('Its id; null if Meta does not say'),
  errors: listOf([HealthErrorSchema], 'Why, at most two errors'),
  info: Type.Array(text('A sentence'), { description: 'What Meta adds, at most two sentences' })
}, { $id: 'HealthProblem', description: 'A part of a sender that is limited or blocked' })

export const HealthSchema = Type.Object({
  state: oneOf(healthStates, 'The worst state of its parts'),
  readAt: timestampOrNull('When it was read last; null if it has not been read'),
  problems: listOf([HealthProblemSchema], 'Parts that are limited or blocked')
}, { $id: 'SenderHealth', description: '`health_status` of a sender\'s number' })
