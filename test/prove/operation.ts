/** Which operator's action a request is. */
import type { JobAction, Operated, Plan } from './history.js'

export type Operation = Pick<Operated, 'action' | 'sender'> &
  Partial<Pick<Operated, 'key' | 'pair' | 'rules' | 'campaign' | 'plan' | 'movedTo' | 'filter' | 'rated' | 'perSecond'>>

/** Campaigns of the proofs are of one sender, whose name they begin with. */
export const campaignOf = (sender: string, number: number): string => `${sender}-${number}`
const senderOfCampaign = (campaign: string): string => campaign.slice(0, campaign.lastIndexOf('-'))

/** `:sender` is in the path, else in the query. */
const actions: Array<[method: string, path: RegExp, action: Operated['action']]> = [
  ['POST', /^\/senders\/([^/?]+)\/pause/, 'pause'],
  ['POST', /^\/senders\/([^/?]+)\/resume/, 'resume'],
  ['PUT', /^\/senders\/([^/?]+)\/quota/, 'rules'],
  ['PUT', /^\/senders\/([^/?]+)\/rates/, 'rate'],
  ['DELETE', /^\/messages\/([^/?]+)/, 'cancel'],
  ['PATCH', /^\/messages\/([^/?]+)/, 'move'],
  ['POST', /^\/failures\/([^/?]+)\/retry/, 'retry'],
  ['DELETE', /^\/recipients\/([^/?]+)/, 'erase'],
  ['PUT', /^\/opt-outs\/([^/?]+)/, 'opt-out'],
  ['DELETE', /^\/opt-outs\/([^/?]+)/, 'opt-in'],
  ['DELETE', /^\/rate-limits\/([^/?]+)/, 'clear'],
  ['POST', /^\/campaigns\/([^/?]+)\/pause/, 'pause-campaign'],
  ['POST', /^\/campaigns\/([^/?]+)\/resume/, 'resume-campaign'],
  ['POST', /^\/campaigns\/([^/?]+)\/cancel/, 'cancel-campaign'],
  ['PUT', /^\/campaigns\/([^/?]+)/, 'plan-campaign']
]

/** The body of a bulk job. Those of the proofs are of one sender each. */
export interface JobRequest {
  action: JobAction
  filter: { sender: string, campaign?: string, tag?: string, errorCode?: string }
  move?: { priority?: string, scheduledFor?: number | null }
  dryRun?: boolean
}

export function jobOf ({ action, filter: { sender, errorCode, ...filter }, move }: JobRequest): Operation {
  const code = errorCode === undefined ? {} : { code: Number(errorCode) }
  return { action: `bulk-${action}`, sender, filter: { ...filter, ...code }, ...(move === undefined ? {} : movedToOf(move)) }
}

/** Null for a request that is none, or that names no sender. */
export function operationOf (method: string, path: string, body: unknown): Operation | null {
  if (method === 'POST' && path === '/jobs') return (body as JobRequest).dryRun === true ? null : jobOf(body as JobRequest)
  const [, retried] = method === 'POST' ? /^\/campaigns\/([^/?]+)\/retry/.exec(path) ?? [] : []
  if (retried !== undefined) return { action: 'bulk-retry', sender: senderOfCampaign(retried), filter: { campaign: retried } }
  for (const [asked, pattern, action] of actions) {
    const [, name] = asked === method ? pattern.exec(path) ?? [] : []
    if (name === undefined) continue
    const subject = decodeURIComponent(name)
    const sender = /[?&]sender=([^&]+)/.exec(path)?.[1] ?? ''
    if (action === 'pause' || action === 'resume') return { action, sender: subject }
    if (action === 'rules') return { action, sender: subject, rules: rulesOf(body as Record<string, number>) }
    if (action === 'rate') return { action, sender: subject, ...rateOf(body as Rate) }
    if (action === 'plan-campaign') return { action, sender: senderOfCampaign(subject), campaign: subject, plan: planOf(body as Plan) }
    if (/-campaign$/.test(action)) return { action, sender: senderOfCampaign(subject), campaign: subject }
    if (action === 'cancel') return { action, sender, key: subject }
    if (action === 'move') return { action, sender, key: subject, ...movedToOf(body as { scheduledFor?: number | null }) }
    // The request names the message by its id; `key` in the query says whose it is.
    if (action === 'retry') return { action, sender: subject.slice(0, subject.indexOf('.')), key: /[?&]key=([^&]+)/.exec(path)?.[1] ?? subject }
    return sender === '' ? null : { action, sender, pair: `${sender}/${subject.replace('+', '')}` }
  }
  return null
}

function rulesOf ({ pairIntervalMs, pairBurst, perSecond }: Record<string, number>): NonNullable<Operated['rules']> {
  return {
    ...(pairIntervalMs === undefined ? {} : { intervalMs: pairIntervalMs }),
    ...(pairBurst === undefined ? {} : { burst: pairBurst }),
    ...(perSecond === undefined ? {} : { perSecond })
  }
}

interface Rate { template?: string, category?: string, perSecond: number | null }

function rateOf ({ template, category, perSecond }: Rate): Pick<Operated, 'rated' | 'perSecond'> {
  return { rated: template ?? category ?? '', perSecond }
}

/** The parts of the body that hold messages back. */
function planOf ({ perSecond, startAt, endAt }: Plan): Plan {
  return {
    ...(perSecond === undefined ? {} : { perSecond }),
    ...(startAt === undefined ? {} : { startAt }),
    ...(endAt === undefined ? {} : { endAt })
  }
}

function movedToOf ({ scheduledFor }: { scheduledFor?: number | null }): Pick<Operated, 'movedTo'> {
  return scheduledFor === undefined ? {} : { movedTo: scheduledFor }
}
