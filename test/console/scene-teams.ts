/** Campaigns and callers of the pictures. */
import { idleCaller, newCampaign } from '../../src/http/samples.js'
import { before, MINUTE, texts } from './scene-time.js'

const campaign = (name: string, state: string, accepted: number, share: number, own: object = {}): Record<string, unknown> => {
  const sent = Math.round(accepted * share)
  const failed = Math.round(sent * 0.008)
  return {
    ...newCampaign,
    name,
    state,
    senders: ['10000000104711'],
    accepted,
    waiting: accepted - sent - failed,
    sent,
    delivered: Math.round(sent * 0.9),
    read: Math.round(sent * 0.31),
    failed,
    startedAt: before(52 * MINUTE),
    lastAt: before(2000),
    ...own
  }
}
const codeCount = (code: string, count: number): object => ({ code, count, explanation: texts[code]?.[1] ?? '' })
export const shownCampaign = campaign('spring-sale', 'running', 112_000, 0.72, {
  waiting: 30_703,
  inFlight: 12,
  ratePerSecond: 39.8,
  lane: 'bulk',
  perSecond: 40,
  endAt: '2026-03-10T18:00:00.000Z',
  expectedEndAt: '2026-03-10T10:45:12.000Z',
  failures: [codeCount('131026', 401), codeCount('131047', 163), codeCount('131053', 81)]
})
export const campaigns = [
  shownCampaign, campaign('newsletter.march', 'paused', 8400, 0.41), campaign('price-list', 'finished', 3120, 0.993, { waiting: 0 }),
  campaign('old-stock', 'cancelled', 900, 0.2, { waiting: 0, cancelled: 719, lastAt: before(26 * 60 * MINUTE) })
]

const caller = (
  name: string, role: string | null, counts: Record<string, number>, rules: object | null, own: object = {}
): Record<string, unknown> => ({
  ...idleCaller,
  name,
  role,
  rules: rules === null ? null : { ...idleCaller.rules, ...rules },
  senders: ['10000000104711'],
  firstAcceptedAt: before(20 * 60 * MINUTE),
  lastAcceptedAt: before(MINUTE),
  ...counts,
  ...own
})
const shop = caller('shop', 'send', {
  accepted: 8123, waiting: 12, inFlight: 2, sent: 8090, delivered: 7904, read: 5120, failed: 19, ratePerSecond: 4.2
}, { rate: { perSecond: 50, burst: 100 }, weight: 3, lanes: ['urgent', 'normal'], categories: ['utility', 'authentication'] }, {
  readySince: before(100), lastAcceptedAt: before(2000)
})
const crm = caller('crm', 'send', { accepted: 2404, waiting: 61, inFlight: 1, sent: 2342, delivered: 2106, read: 1290, ratePerSecond: 1.3 }, {
  backlog: 5000
}, { senders: ['10000000104711', '10000000104713'], readySince: before(1900), lastAcceptedAt: before(9000) })
const newsletter = caller('newsletter', 'send', {
  accepted: 112_000, waiting: 18_200, sent: 93_293, delivered: 84_110, read: 28_977, failed: 507, ratePerSecond: 38.4
}, { backlog: 20_000, lanes: ['bulk'], defaultLane: 'bulk', senders: ['10000000104712'] }, {
  senders: ['10000000104712'], readySince: before(7 * MINUTE)
})
const idle = { senders: [], firstAcceptedAt: null, lastAcceptedAt: null }
export const callers = [
  caller('maria', 'admin', {}, {}, idle), caller('support-team', 'read', {}, {}, idle), shop, crm, newsletter,
  caller('old-shop', null, { accepted: 120, sent: 120, delivered: 118, read: 96 }, null, { lastAcceptedAt: before(26 * 60 * MINUTE) })
]
