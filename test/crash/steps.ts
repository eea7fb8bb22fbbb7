/** Every step of a message's life at which a process may end: the rows of the crash matrix. */
import { DIGEST, stepsOfOperators } from './operator-steps.js'
import type { WorkName } from './works.js'

/** An action of a process on itself, see step.mjs. `pass` does nothing, `lose` loses a reply: both only lead up to the step. */
export interface AuditEntry { name: string, point: string, having?: string, nth?: number, action: 'kill' | 'stop' | 'lose' | 'pass' }
export type Lead = Omit<AuditEntry, 'action' | 'name'> & { action: 'lose' | 'pass' }

export interface Step {
  name: string
  point: string
  having?: string
  /** Which occurrence, counted from 1. */
  nth?: number
  /** What has to happen in this process before, in order. */
  after?: Lead[]
  /** What callers and operators do meanwhile. */
  work: WorkName
  /** The step is met at the start of a process. */
  boot?: true
  /** A node that dies first, with a request under way: this is about who recovers it. */
  orphan?: true
  /** Webhooks are taken. */
  hooks?: true
  /** The templates of an account are read. */
  templates?: true
  /** Windows are checked. */
  windows?: true
  /** The daily limit holds, as a share of a portfolio. */
  daily?: true
  /** The lane bulk may be held. No operator resumes the sender: it goes on by itself. */
  bulkHold?: true
  /** The second node is stopped until the step is reached; else it would do the work itself. */
  alone?: true
}

const lost: Lead[] = [{ point: 'admit:after', action: 'lose' }]
const resettled: Lead[] = [{ point: 'settle:after', having: '^sent$', action: 'lose' }]
const refused: Lead[] = [{ point: 'settle:after', having: '^retry$', action: 'lose' }]
const retried: Lead[] = [{ point: 'retry:after', action: 'pass' }]
/** Housekeeping runs by the minute too, and a node may start with it. */
const asked: Lead[] = [{ point: 'pause:after', having: '^paused$', action: 'pass' }]
const called: Lead[] = [{ point: 'addStandardJob:after', having: 'WHATSAPP-drain', action: 'pass' }]

const paused: Lead[] = [{ point: 'set-template:after', having: '^paused$', action: 'pass' }]
const approved: Lead[] = [{ point: 'set-template:after', having: '^approved$', action: 'pass' }]
const resumed: Lead[] = [{ point: 'set-campaign:after', having: '^running$', action: 'pass' }]
const unrated: Lead[] = [{ point: 'set-rate:after', nth: 3, action: 'pass' }]
const ended: Lead[] = [{ point: 'set-campaign:after', having: '^cancelled$', action: 'pass' }]
const template = { work: 'suspended', templates: true } as const
/** The other node would read the statuses. */
const reading = { ...template, alone: true } as const

const windows = { work: 'windowed', hooks: true, windows: true } as const
const unpaid = { work: 'unpaid', templates: true, alone: true } as const
const tried: Lead[] = [{ point: 'set-template:after', having: '^operator 0$', action: 'pass' }]
const spam = { work: 'spam', hooks: true, windows: true, templates: true } as const
const restricted = { work: 'restricted', hooks: true, templates: true } as const

const silenced = { work: 'silenced', hooks: true, bulkHold: true, alone: true } as const
const silent: Lead[] = [{ point: 'admit:after', having: DIGEST, action: 'pass' }]
const probing: Lead[] = [{ point: 'admit:after', having: DIGEST, nth: 8, action: 'pass' }]
const reported: Lead[] = [{ point: 'admit:after', having: DIGEST, nth: 16, action: 'pass' }]

const crowd = { work: 'crowd', daily: true } as const
const joining = { work: 'joining', daily: true, alone: true } as const
const crowded: Lead[] = [{ point: 'admit:after', having: DIGEST, nth: 8, action: 'pass' }]

/** In the history of a message that such a job cancels. */
const BY_CAMPAIGN = 'its campaign was cancelled'

export const steps: Step[] = [
  { name: 'start: the rules are written', point: 'quota:before', work: 'nothing', boot: true },
  { name: 'start: the rules were written', point: 'quota:after', work: 'nothing', boot: true },

  { name: 'admission: before the call', point: 'admit:before', work: 'burst' },
  { name: 'admission: granted, reply lost', point: 'admit:after', work: 'burst' },
  { name: 'admission: queued, reply lost', point: 'admit:after', having: DIGEST, nth: 6, work: 'burst' },
  { name: 'admission: scheduled, reply lost', point: 'admit:after', work: 'scheduled' },
  { name: 'admission: half of a batch, before the call', point: 'admit:before', having: DIGEST, nth: 101, work: 'large' },
  { name: 'admission: half of a batch admitted', point: 'admit:after', having: DIGEST, nth: 51, work: 'large' },
  { name: 'admission: before the drain job is added', point: 'addStandardJob:before', having: 'WHATSAPP-drain', work: 'batch' },
  { name: 'admission: drain job added', point: 'addStandardJob:after', having: 'WHATSAPP-drain', work: 'batch' },

  { name: 'drain run: job taken', point: 'moveToActive:after', having: 'WHATSAPP-drain', after: called, work: 'batch' },
  { name: 'drain run: before the first claim', point: 'claim:before', work: 'batch' },
  { name: 'drain run: first claim, reply lost', point: 'claim:after', work: 'batch' },
  { name: 'drain run: a later claim', point: 'claim:before', nth: 4, work: 'batch' },
  { name: 'drain run: a later claim, reply lost', point: 'claim:after', nth: 4, work: 'batch' },
  { name: 'drain run: before its end', point: 'claim:before', having: '^end$', work: 'batch' },
  { name: 'drain run: ended, reply lost', point: 'claim:after', having: '^end$', work: 'batch' },
  { name: 'drain run: before the handover at shutdown', point: 'claim:before', having: '^end$', work: 'closing', alone: true },
  { name: 'drain run: handed over at shutdown, reply lost', point: 'claim:after', having: '^end$', work: 'closing', alone: true },
  { name: 'drain run: before its job is finished', point: 'moveToFinished:before', having: 'WHATSAPP-drain', work: 'batch' },

  { name: 'send: granted, not handed over', point: 'request:created', work: 'burst' },
  { name: 'send: past the last check of the clock', point: 'request:checked', work: 'burst' },
  { name: 'send: written', point: 'request:written', work: 'burst' },
  { name: 'send: responded', point: 'request:answered', work: 'burst' },
  { name: 'send: half of a batch handed over', point: 'request:created', nth: 4, work: 'batch' },
  { name: 'send: half of a batch written', point: 'request:written', nth: 4, work: 'batch' },

  { name: 'settlement: sent, not written', point: 'settle:before', having: '^sent$', work: 'burst' },
  { name: 'settlement: sent, reply lost', point: 'settle:after', having: '^sent$', work: 'burst' },
  { name: 'settlement: half of a batch, not written', point: 'settle:before', having: '^sent$', nth: 5, work: 'batch' },
  { name: 'settlement: half of a batch, reply lost', point: 'settle:after', having: '^sent$', nth: 5, work: 'batch' },
  { name: 'settlement: retry, not written', point: 'settle:before', having: '^retry$', work: 'refused' },
  { name: 'settlement: retry, reply lost', point: 'settle:after', having: '^retry$', work: 'refused' },
  { name: 'settlement: rate limited, not written', point: 'settle:before', having: '^wait$', work: 'limited' },
  { name: 'settlement: rate limited, reply lost', point: 'settle:after', having: '^wait$', work: 'limited' },
  { name: 'settlement: rejected, not written', point: 'settle:before', having: '^failed$', work: 'rejected' },
  { name: 'settlement: rejected, reply lost', point: 'settle:after', having: '^failed$', work: 'rejected' },
  { name: 'settlement: unknown, not written', point: 'settle:before', having: '^unknown$', work: 'silent' },
  { name: 'settlement: unknown, reply lost', point: 'settle:after', having: '^unknown$', work: 'silent' },
  { name: 'settlement: sender stopped, not written', point: 'settle:before', having: '^stop$', work: 'stopped' },
  { name: 'settlement: sender stopped, reply lost', point: 'settle:after', having: '^stop$', work: 'stopped' },
  { name: 'settlement: a late success, not written', point: 'receipt:before', after: resettled, work: 'burst' },
  { name: 'settlement: a late success, reply lost', point: 'receipt:after', after: resettled, work: 'burst' },
  { name: 'settlement: a late refusal, not written', point: 'settle-late:before', after: refused, work: 'refused' },
  { name: 'settlement: a late refusal, reply lost', point: 'settle-late:after', after: refused, work: 'refused' },

  { name: 'webhook: bounce, not written', point: 'bounce:before', work: 'bounced', hooks: true },
  { name: 'webhook: bounce, reply lost', point: 'bounce:after', work: 'bounced', hooks: true },

  { name: 'template: pausing', point: 'set-template:before', having: '^paused$', ...template },
  { name: 'template: paused, reply lost', point: 'set-template:after', having: '^paused$', ...template },
  { name: 'template: asking for a read', point: 'schedule-read:before', having: '^hint$', ...template },
  { name: 'template: read asked for, reply lost', point: 'schedule-read:after', having: '^hint$', ...template },
  { name: 'template: taking the read', point: 'schedule-read:before', having: '^begin$', after: paused, ...reading },
  { name: 'template: read taken, reply lost', point: 'schedule-read:after', having: '^begin$', after: paused, ...reading },
  { name: 'template: approving', point: 'set-template:before', having: '^approved$', ...reading },
  { name: 'template: approved, reply lost', point: 'set-template:after', having: '^approved$', ...reading },
  { name: 'template: releasing', point: 'release-suspended:before', after: approved, ...reading },
  { name: 'template: released, reply lost', point: 'release-suspended:after', after: approved, ...reading },
  { name: 'template: ending the read', point: 'schedule-read:before', having: '^read$', after: approved, ...reading },
  { name: 'template: read ended, reply lost', point: 'schedule-read:after', having: '^read$', after: approved, ...reading },

  { name: 'campaign: pausing', point: 'set-campaign:before', having: '^paused$', work: 'campaign' },
  { name: 'campaign: paused, reply lost', point: 'set-campaign:after', having: '^paused$', work: 'campaign' },
  { name: 'campaign: resuming', point: 'set-campaign:before', having: '^running$', work: 'campaign' },
  { name: 'campaign: resumed, reply lost', point: 'set-campaign:after', having: '^running$', work: 'campaign' },
  { name: 'campaign: releasing', point: 'release-suspended:before', after: resumed, work: 'campaign' },
  { name: 'campaign: released, reply lost', point: 'release-suspended:after', after: resumed, work: 'campaign' },
  { name: 'campaign: planning', point: 'set-campaign:before', work: 'plannedCampaign' },
  { name: 'campaign: planned, reply lost', point: 'set-campaign:after', work: 'plannedCampaign' },
  { name: 'campaign: its plan is changed', point: 'set-campaign:before', nth: 2, work: 'plannedCampaign' },
  { name: 'campaign: its plan was changed, reply lost', point: 'set-campaign:after', nth: 2, work: 'plannedCampaign' },
  { name: 'campaign: cancelling', point: 'set-campaign:before', having: '^cancelled$', work: 'cancelledCampaign' },
  { name: 'campaign: cancelled, reply lost', point: 'set-campaign:after', having: '^cancelled$', work: 'cancelledCampaign' },
  { name: 'campaign: its job is taken', point: 'moveToActive:after', having: 'WHATSAPP-bulk', after: ended, work: 'cancelledCampaign' },
  { name: 'campaign: cancelling a message', point: 'cancel:before', having: BY_CAMPAIGN, after: ended, work: 'cancelledCampaign' },
  { name: 'campaign: message cancelled, reply lost', point: 'cancel:after', having: BY_CAMPAIGN, after: ended, work: 'cancelledCampaign' },

  { name: 'rate: setting it', point: 'set-rate:before', work: 'rated' },
  { name: 'rate: set, reply lost', point: 'set-rate:after', work: 'rated' },
  { name: 'rate: changing it', point: 'set-rate:before', nth: 2, work: 'rated' },
  { name: 'rate: removed, reply lost', point: 'set-rate:after', nth: 3, work: 'rated' },
  { name: 'rate: releasing', point: 'release-suspended:before', after: unrated, work: 'rated' },
  { name: 'rate: released, reply lost', point: 'release-suspended:after', after: unrated, work: 'rated' },

  { name: 'webhook: people wrote, not recorded', point: 'record-windows:before', ...windows },
  { name: 'webhook: people wrote, reply lost', point: 'record-windows:after', ...windows },

  { name: 'daily limit: its settings are written', point: 'set-daily-limit:before', having: '^settings$', ...crowd, boot: true },
  { name: 'daily limit: its settings were written', point: 'set-daily-limit:after', having: '^settings$', ...crowd, boot: true },
  { name: 'daily limit: admitting', point: 'admit:before', having: DIGEST, nth: 3, ...crowd },
  { name: 'daily limit: admitted, reply lost', point: 'admit:after', having: DIGEST, nth: 5, ...crowd },
  { name: 'daily limit: claiming', point: 'claim:before', having: '^keep$', after: crowded, ...crowd },
  { name: 'daily limit: claimed, reply lost', point: 'claim:after', having: '^keep$', after: crowded, ...crowd },
  { name: 'daily limit: giving what is free', point: 'release-suspended:before', after: crowded, ...crowd },
  { name: 'daily limit: given, reply lost', point: 'release-suspended:after', after: crowded, ...crowd },
  { name: 'share: a round begins', point: 'lease-shares:before', having: '^begin$', ...joining },
  { name: 'share: a round has begun, reply lost', point: 'lease-shares:after', having: '^begin$', ...joining },
  { name: 'share: reading the sender', point: 'set-share:before', having: '^read$', ...joining },
  { name: 'share: sender read, reply lost', point: 'set-share:after', having: '^read$', ...joining },
  { name: 'share: raising what is leased', point: 'lease-shares:before', having: '^raise$', ...joining },
  { name: 'share: leased, reply lost', point: 'lease-shares:after', having: '^raise$', ...joining },
  { name: 'share: raising it at the sender', point: 'set-share:before', having: '^raise$', ...joining },
  { name: 'share: raised, reply lost', point: 'set-share:after', having: '^raise$', ...joining },

  { name: 'stop: templates, not written', point: 'settle:before', having: '^templates$', ...unpaid },
  { name: 'stop: templates, reply lost', point: 'settle:after', having: '^templates$', ...unpaid },
  { name: 'stop: ending', point: 'set-template:before', having: '^operator 0$', ...unpaid },
  { name: 'stop: ended, reply lost', point: 'set-template:after', having: '^operator 0$', ...unpaid },
  { name: 'stop: releasing', point: 'release-suspended:before', after: tried, ...unpaid },
  { name: 'stop: released, reply lost', point: 'release-suspended:after', after: tried, ...unpaid },
  { name: 'stop: people wrote during one for spam, not recorded', point: 'record-windows:before', having: '^p1555', ...spam },
  { name: 'stop: people wrote during one for spam, reply lost', point: 'record-windows:after', having: '^p1555', ...spam },
  { name: 'stop: templates by webhook, not written', point: 'set-template:before', having: '^RESTRICTED', ...restricted },
  { name: 'stop: templates by webhook, reply lost', point: 'set-template:after', having: '^RESTRICTED', ...restricted },
  { name: 'stop: sender by webhook, not written', point: 'pause:before', having: '^stopped$', ...restricted, work: 'banned' },
  { name: 'stop: sender by webhook, reply lost', point: 'pause:after', having: '^stopped$', ...restricted, work: 'banned' },

  { name: 'bulk hold: beginning', point: 'watch-statuses:before', after: silent, ...silenced },
  { name: 'bulk hold: begun, reply lost', point: 'watch-statuses:after', after: silent, ...silenced },
  { name: 'bulk hold: a probe was sent, not written', point: 'settle:before', having: '^sent$', after: probing, ...silenced },
  { name: 'bulk hold: ending', point: 'watch-statuses:before', after: reported, ...silenced },
  { name: 'bulk hold: ended, reply lost', point: 'watch-statuses:after', after: reported, ...silenced },

  { name: 'retry: job taken', point: 'moveToFinished:after', having: 'WHATSAPP-retry', nth: 2, work: 'refused' },
  { name: 'retry: before the call', point: 'retry:before', work: 'refused' },
  { name: 'retry: granted, reply lost', point: 'retry:after', work: 'refused' },
  { name: 'retry: written', point: 'request:written', after: retried, work: 'refused' },
  { name: 'retry: sent, not written', point: 'settle:before', having: '^sent$', after: retried, work: 'refused' },
  { name: 'retry: sent, reply lost', point: 'settle:after', having: '^sent$', after: retried, work: 'refused' },

  { name: 'recovery: lock taken', point: 'set:after', having: ':recovery-lease$', work: 'burst' },
  { name: 'recovery: before the call', point: 'recover:before', work: 'nothing', orphan: true, alone: true },
  { name: 'recovery: called, reply lost', point: 'recover:after', work: 'nothing', orphan: true, alone: true },
  { name: 'recovery: lease, not written', point: 'settle:before', having: '^LEASE_EXPIRED$', work: 'nothing', orphan: true, alone: true },
  { name: 'recovery: lease, reply lost', point: 'settle:after', having: '^LEASE_EXPIRED$', work: 'nothing', orphan: true, alone: true },
  { name: 'recovery: hold over, not written', point: 'settle:before', having: 'no receipt came', work: 'nothing', orphan: true, alone: true },
  { name: 'recovery: hold over, reply lost', point: 'settle:after', having: 'no receipt came', work: 'nothing', orphan: true, alone: true },
  { name: 'recovery: lost grant, not returned', point: 'settle:before', having: '^GIVEN_BACK$', after: lost, work: 'burst', alone: true },
  { name: 'recovery: lost grant returned, reply lost', point: 'settle:after', having: '^GIVEN_BACK$', after: lost, work: 'burst', alone: true },

  { name: 'housekeeping: before the call', point: 'prune:before', after: asked, work: 'expiring' },
  { name: 'housekeeping: called, reply lost', point: 'prune:after', after: asked, work: 'expiring' },
  { name: 'expiry: not written', point: 'cancel:before', having: '^expired$', work: 'expiring' },
  { name: 'expiry: reply lost', point: 'cancel:after', having: '^expired$', work: 'expiring' },

  ...stepsOfOperators
]

/** A node meets these steps, one after the other: it freezes at each, and at the last one it is killed or freezes. */
export interface Cell { steps: Step[], action: 'kill' | 'stop', then: 'restart' | 'second', policy: 'retry' | 'fail' }

/** All cells of these steps: {kill, stop} × {restart, second node} × {retry, fail}. */
export function cellsOf (chosen: Step[]): Cell[] {
  return chosen.flatMap(step => (['kill', 'stop'] as const).flatMap(action => (['restart', 'second'] as const).flatMap(then =>
    (['retry', 'fail'] as const).map(policy => ({ steps: [step], action, then, policy })))))
}

/**
 * Every step once. Starting a process is what costs time, so one meets several steps: it is frozen at some, and killed at the
 * last. Steps that need a process of their own get one. The other properties of the cells rotate, starting at `variant`.
 */
export function sample (variant = 0): Cell[] {
  const single = steps.filter(needsOwn).map(step => [step])
  const others = steps.filter(step => !needsOwn(step))
  const chains = Math.ceil(others.length / CHAIN)
  const chained = Array.from({ length: chains }, (_, chain) => others.filter((_, i) => i % chains === chain))
  return [...chained, ...single].map((chain, i) => {
    const kinds = cellsOf(chain.slice(-1))
    const { action, then, policy } = kinds[(i * 3 + variant) % kinds.length] as Cell
    // A second node could be the first to reach a step of the chain.
    return chain.length > 1 ? { steps: chain, action: 'kill', then: 'restart', policy } : { steps: chain, action, then, policy }
  })
}

/** In CI two, since all but the last step of a chain wait for a lease one after the other. */
const CHAIN = process.env['CI'] === undefined ? 4 : 2

/** The steps of templates are alone only because of a second node, which a chain does not have. */
function needsOwn ({ boot, orphan, alone, hooks, templates, daily }: Step): boolean {
  return boot === true || orphan === true || hooks === true || daily === true || (alone === true && templates !== true)
}

export function nameOf ({ steps, action, then, policy }: Cell): string {
  return `${steps.map(({ name }) => name).join(' → ')} / ${action} / ${then} / ${policy}`
}

/** The actions of the node on itself. */
export function actsOf ({ steps, action }: Cell): AuditEntry[] {
  return steps.flatMap((step, i) => {
    const { name, point, having, nth } = step
    const own: AuditEntry = {
      name,
      point,
      action: i < steps.length - 1 ? 'stop' : action,
      ...(having === undefined ? {} : { having }),
      ...(nth === undefined ? {} : { nth })
    }
    return [...(step.after ?? []).map(lead => ({ ...lead, name: `before: ${name}` })), own]
  })
}
