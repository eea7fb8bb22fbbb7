import { SluiceError } from '../errors.js'
import { lanes, type Lane } from '../message.js'
import type { Replies } from '../redis/commands.js'
import { sentenceOf, type FieldError } from '../values/invalid.js'
import { formatTime } from '../values/time.js'

/** What the messages of a campaign keep to at one sender. Null: no bound. Times in ms since the epoch. */
export interface Plan {
  /** Of messages that name none. */
  lane: Lane | null
  /** Messages that start in a second. */
  perSecond: number | null
  startAt: number | null
  endAt: number | null
}

/** Null removes a field; one that is absent stays as it is. */
export type PlanChange = { [Name in keyof Plan]?: Plan[Name] | undefined }

export const noPlan: Plan = { lane: null, perSecond: null, startAt: null, endAt: null }
export const planFields = ['lane', 'perSecond', 'startAt', 'endAt'] as const

/** Reads a plan; lua/include/campaign_plan.lua describes it. */
export function readPlan (text: string): Plan {
  const [perSecond = 0, startAt = 0, endAt = 0, lane = 0] = text.split(' ').map(Number)
  return { lane: lanes[lane - 1] ?? null, perSecond: perSecond || null, startAt: startAt || null, endAt: endAt || null }
}

/** The arguments of set-campaign.lua. */
export function planArguments ({ lane, perSecond, startAt, endAt }: PlanChange): Record<keyof Plan, string | number> {
  return {
    lane: numberOf(typeof lane === 'string' ? lanes.indexOf(lane) + 1 : lane),
    perSecond: numberOf(perSecond),
    startAt: numberOf(startAt),
    endAt: numberOf(endAt)
  }
}

const numberOf = (value: number | null | undefined): string | number => value === undefined ? '' : value ?? 0

/** What a sender replies to a plan that cannot be. */
export type WrongPlan = Extract<Replies['set-campaign'], { status: 'wrong' }> & { sender: string }

/** Senders that an error names. */
const MOST_NAMED = 10

/** Why the plan cannot be at these senders, at least one. `isOfSeveral`: it was meant for several, which may have other plans. */
export function planError (wrong: readonly WrongPlan[], isOfSeveral: boolean): SluiceError {
  const errors = [...wrong].sort((a, b) => a.sender < b.sender ? -1 : 1).slice(0, MOST_NAMED).map((one): FieldError => {
    const { field, reason, startAt, endAt } = one
    const [value, other] = field === 'startAt' ? [startAt, endAt] : [endAt, startAt]
    const detail = reason === 'order'
      ? `must be ${field === 'startAt' ? 'before endAt' : 'after startAt'}, ${formatTime(other)}${isOfSeveral ? `, at sender ${one.sender}` : ''}`
      : field === 'startAt' ? 'is more than a minute in the past; null starts it at once' : 'must be in the future; null removes it'
    return { field, value: formatTime(value), detail }
  }).filter(({ detail }, i, all) => all.findIndex(other => other.detail === detail) === i)
  const more = wrong.length > MOST_NAMED ? `; and at ${wrong.length - MOST_NAMED} more senders` : ''
  const detail = errors.map(error => sentenceOf(error)).join('; ') + more
  return new SluiceError('INVALID_REQUEST', { detail, field: errors[0]?.field ?? '', errors })
}

/** Whether all are the same. */
export function areSame (plans: readonly Plan[]): boolean {
  const [first = noPlan] = plans
  return plans.every(plan => planFields.every(field => plan[field] === first[field]))
}

/** When so many messages of one sender will have started by the plan, at the earliest; null without a rate. */
export function plannedEnd ({ perSecond, startAt }: Plan, messages: number, nowMs: number): number | null {
  if (perSecond === null || messages === 0) return null
  return Math.max(nowMs, startAt ?? 0) + messages / perSecond * 1000
}
