/** What callers, operators and WhatsApp do so that a node reaches a step. Each is one round; rounds repeat until it is reached. */
import type { ProvingCaller, MessageRequest } from '../prove/caller.js'
import { groupBy, type Fact } from '../prove/history.js'
import { campaignOf } from '../prove/operation.js'
import { request } from '../support/request.js'
import { pass, until } from '../support/until.js'
import type { Child } from './child.js'
import { joinPortfolio, knowWindows, passDay } from './days.js'
import { readTemplatesNow, runHousekeeping } from './due.js'
import { fallSilent, report, untilHeld } from './silence.js'
import { bounce, restrict, write } from './webhooks.js'

export interface Stage {
  caller: ProvingCaller
  /** The node that is to meet the step. */
  victim: Child
  /** Its origin. */
  origin: () => string
  /** Origins of the nodes that can be called now. */
  origins: () => string[]
  record: (fact: Fact) => void
  sender: string
  policy: 'retry' | 'fail'
  /** A number for each round, so that its messages and recipients are new. */
  round: number
  prefix: string
  redisPort: number
  /** Base URL of the sandbox's own routes. */
  control: string
  /** When days began, for the daily limit. */
  days: number[]
}

export type WorkName = keyof typeof works

export const works = {
  async nothing () {
    await pass(50)
  },
  /** Four people, three messages each: the first at once, the others queued. */
  async burst (stage: Stage) {
    await posts(stage, '1555000', 4, 3)
  },
  async batch (stage: Stage) {
    await stage.caller.postBatch(drafts(stage, '1555000', 4, 3))
  },
  /** More messages than one call carries, and than are admitted in parallel. */
  async large (stage: Stage) {
    await stage.caller.postBatch(drafts(stage, '1555000', 120, 1))
  },
  async scheduled (stage: Stage) {
    await posts(stage, '1555000', 2, 1, { scheduledFor: Date.now() + 1000 })
  },
  async refused (stage: Stage) {
    await posts(stage, '15561131000', 3, 2)
  },
  async limited (stage: Stage) {
    await posts(stage, '15561131056', 2, 2)
  },
  /** WhatsApp pauses a template in the middle of its messages; the others wait, and its status is read as approved. */
  async suspended (stage: Stage) {
    const { control, sender, round } = stage
    const template = `order_${sender}_${round}`
    const all = drafts(stage, '1555000', 3, 3).map(draft => ({ ...draft, template }))
    const change = async (method: string, path: string, body: object): Promise<unknown> =>
      await request(`${control}/${path}`, { method, body: JSON.stringify(body) })
    await change('PUT', 'templates', { name: template, status: 'APPROVED' })
    await change('POST', 'faults', { sender, recipient: all[0]?.to, kind: 'code', code: 132015, times: 1 })
    await postInOrder(stage, all.slice(0, 1))
    await postInOrder(stage, all.slice(1))
    await readTemplatesNow(stage)
  },
  /** A campaign that is paused while its messages wait, and resumed. */
  async campaign (stage: Stage) {
    await postCampaign(stage)
    await ofCampaign(stage, 'pause')
    // At the head of a queue they are set aside, to be released.
    await pass(1000)
    await ofCampaign(stage, 'resume')
  },
  /** A campaign whose plan holds its messages; then its start and its rate are removed, and in the end it ends. */
  async plannedCampaign (stage: Stage) {
    await planCampaign(stage, { startAt: Date.now() + 3_600_000, perSecond: 50, lane: 'bulk' })
    await postCampaign(stage)
    await pass(500)
    await planCampaign(stage, { startAt: Date.now() + 1000 })
    await pass(1500)
    await planCampaign(stage, { startAt: null, perSecond: null, lane: null })
  },
  async rated (stage: Stage) {
    for (const perSecond of [2, 20, null]) {
      await operate(stage, 'PUT', '/rates', { template: 'order_ready', language: 'en_US', perSecond })
      await (perSecond === 2 ? postInOrder(stage, ofTemplate(stage)) : pass(400))
    }
  },
  async cancelledCampaign (stage: Stage) {
    await postCampaign(stage)
    await ofCampaign(stage, 'cancel')
  },
  /** WhatsApp rejects a template for payment, which stops all templates; the others wait, and an operator lets them go. */
  async unpaid (stage: Stage) {
    const all = ofTemplate(stage)
    await request(`${stage.control}/faults`, {
      method: 'POST', body: JSON.stringify({ sender: stage.sender, recipient: all[0]?.to, kind: 'code', code: 131042, times: 1 })
    })
    await postInOrder(stage, all.slice(0, 1))
    await postInOrder(stage, all.slice(1))
    await operate(stage, 'POST', '/resume', {})
  },
  /** WhatsApp rejects a template as spam; the others wait, and go on once their recipients have written. */
  async spam (stage: Stage) {
    const all = ofTemplate(stage)
    await request(`${stage.control}/faults`, {
      method: 'POST', body: JSON.stringify({ sender: stage.sender, recipient: all[0]?.to, kind: 'code', code: 131048, times: 1 })
    })
    await postInOrder(stage, all.slice(0, 1))
    await postInOrder(stage, all.slice(1))
    for (const { to } of all.slice(0, 3)) await write(stage, to)
    await until('they are sent', async () => {
      const ends = await Promise.all(all.map(async draft => await stage.caller.readEnd(draft)))
      return ends.every(end => end?.state === 'sent')
    }, 30_000)
    await operate(stage, 'POST', '/resume', {})
  },
  /** WhatsApp says by webhook that it sends no templates; an operator tries all the same. */
  async restricted (stage: Stage) {
    await restrict(stage, 'RESTRICTED_BIZ_INITIATED_MESSAGING')
    await postInOrder(stage, ofTemplate(stage))
    await operate(stage, 'POST', '/resume', {})
  },
  /** The same of all messages. */
  async banned (stage: Stage) {
    await restrict(stage, 'RESTRICTED_CUSTOMER_INITIATED_MESSAGING')
    await posts(stage, '1555000', 2, 2)
    await operate(stage, 'POST', '/resume', {})
  },
  /** More people than the daily limit allows: some wait until the next day. */
  async crowd (stage: Stage) {
    await postInOrder(stage, drafts(stage, '1555000', 5, 2).map(draft => ({ ...draft, template: 'order_ready' })))
    await pass(1000)
    await passDay(stage)
    await runHousekeeping(stage)
  },
  /** The same, of a sender that has joined its portfolio again: further people wait for its share. */
  async joining (stage: Stage) {
    await passDay(stage)
    await joinPortfolio(stage)
    await postInOrder(stage, drafts(stage, '1555000', 3, 1).map(draft => ({ ...draft, template: 'order_ready' })))
    // By a node each ten seconds.
    await pass(12_000)
  },
  /** The lane bulk is held since no statuses come, until they do. As probes alone its messages would take longer than a cell. */
  async silenced (stage: Stage) {
    await fallSilent(stage)
    await postInOrder(stage, drafts(stage, '1555100', 1, 1))
    await untilHeld(stage)
    await postInOrder(stage, drafts(stage, '1555000', 14, 1).map(draft => ({ ...draft, lane: 3 })))
    await report(stage)
    await postInOrder(stage, drafts(stage, '1555200', 1, 1))
  },
  /** Messages that need an open window wait until their recipients write. */
  async windowed (stage: Stage) {
    await knowWindows(stage)
    const all = drafts(stage, '1555000', 3, 2).map(draft => ({ ...draft, waitsForWindow: true }))
    await postInOrder(stage, all)
    for (const { to } of drafts(stage, '1555000', 3, 1)) await write(stage, to)
  },
  async rejected (stage: Stage) {
    await posts(stage, '15560131026', 2, 1)
  },
  /** Accepted, and then WhatsApp says that it could not deliver. */
  async bounced (stage: Stage) {
    const all = drafts(stage, '1555000', 3, 1)
    await postInOrder(stage, all)
    await Promise.all(all.map(async draft => await bounce(stage, draft)))
  },
  /** Accepted without a response, once. */
  async silent (stage: Stage) {
    const to = (n: number): string => `1555840${String((stage.round * 2 + n % 2) % 1000).padStart(3, '0')}1`
    await postInOrder(stage, drafts(stage, '', 2, 2).map((draft, i) => ({ ...draft, to: to(i) })))
  },
  /** WhatsApp rejects the token once; an operator resumes the sender. */
  async stopped (stage: Stage) {
    await posts(stage, '15561000190', 1, 1)
    await posts(stage, '1555000', 2, 2)
    await operate(stage, 'POST', '/resume', {})
  },
  /** SIGTERM while a queue waits and the node itself drains it: only the holder of the drain lease has sent a second message. */
  async closing (stage: Stage) {
    const all = drafts(stage, '1555000', 2, 12)
    const second = all[2] as MessageRequest
    await stage.caller.postBatch(all)
    await until('its drain run sends', async () => (await stage.caller.readEnd(second))?.state === 'sent', 20_000)
    stage.victim.signal('SIGTERM')
    await pass(500)
  },
  /** Messages that expire behind a pause, and a housekeeping run that looks for them. */
  async expiring (stage: Stage) {
    await operate(stage, 'POST', '/pause', {})
    await posts(stage, '1555000', 2, 2, { expiresInMs: 1000 })
    await pass(1100)
    await runHousekeeping(stage)
    await pass(300)
    await operate(stage, 'POST', '/resume', {})
  },
  async cancelled (stage: Stage) {
    await operate(stage, 'POST', '/pause', {})
    await posts(stage, '1555000', 2, 2)
    for (const { key } of drafts(stage, '1555000', 2, 1)) await stage.caller.ask(stage.origin(), 'DELETE', `/messages/${key}?sender=${stage.sender}`)
    await operate(stage, 'POST', '/resume', {})
  },
  /** In their order, so that those of a recipient stay in it; a move is repeated where its response is lost. */
  async moved (stage: Stage) {
    await operate(stage, 'POST', '/pause', {})
    await posts(stage, '1555000', 2, 2)
    for (const { key } of drafts(stage, '1555000', 2, 2)) {
      await stage.caller.ask(stage.origin(), 'PATCH', `/messages/${key}?sender=${stage.sender}`, { priority: 'urgent' })
    }
    await operate(stage, 'POST', '/resume', {})
  },
  /** All messages of the sender by one job, behind a pause until it has ended. */
  async movedByJob (stage: Stage) {
    await operate(stage, 'POST', '/pause', {})
    await posts(stage, '1555000', 2, 2)
    const body = { action: 'move', filter: { sender: stage.sender }, move: { priority: 'urgent' } }
    const isMade = (status: number): boolean => status >= 200 && status < 300
    const job = await stage.caller.persist('POST', '/jobs', body, isMade)
    await stage.caller.persist('GET', `/jobs/${String(job?.['id'])}`, undefined, (status, { finishedAt }) => isMade(status) && finishedAt !== null)
    await stage.caller.persist('POST', `/senders/${stage.sender}/resume`, {}, isMade)
  },
  async paused (stage: Stage) {
    await operate(stage, 'POST', '/pause', {})
    await posts(stage, '1555000', 2, 2)
    await operate(stage, 'POST', '/resume', {})
  },
  async ruled (stage: Stage) {
    await posts(stage, '1555000', 2, 2)
    await operate(stage, 'PUT', '/quota', { perSecond: 200 })
  },
  /** A recipient without a message: for another one the exemption would break the spacing, as it should. */
  async cleared (stage: Stage) {
    await posts(stage, '1555000', 2, 2)
    await stage.caller.ask(stage.origin(), 'DELETE', `/rate-limits/15559990000?sender=${stage.sender}`)
  },
  async acknowledged (stage: Stage) {
    await posts(stage, '15560131026', 1, 1)
    await stage.caller.ask(stage.origin(), 'POST', '/failures/acknowledge', { sender: stage.sender })
  },
  /** Recipients with queued messages, who are erased. */
  async erased (stage: Stage) {
    await operate(stage, 'POST', '/pause', {})
    await posts(stage, '1555000', 2, 2)
    for (const { to } of drafts(stage, '1555000', 1, 1)) await stage.caller.ask(stage.origin(), 'DELETE', `/recipients/${to}?sender=${stage.sender}`)
    await operate(stage, 'POST', '/resume', {})
  }
}

/** So many messages for so many people of this kind, first ones first; new ones in each round. */
function drafts ({ sender, policy, round }: Stage, start: string, people: number, each: number): MessageRequest[] {
  return Array.from({ length: people * each }, (_, i) => {
    const person = round * 10 + i % people
    const to = `${start}${String(person).padStart(4, '0')}`
    // With the recipient: a work may post to people of two kinds.
    return { key: `${sender}-${round}-${to}-${Math.floor(i / people)}`, to, sender, policy }
  })
}

async function posts (stage: Stage, start: string, people: number, each: number, more: Partial<MessageRequest> = {}): Promise<void> {
  await postInOrder(stage, drafts(stage, start, people, each).map(draft => ({ ...draft, ...more })))
}

/** To all recipients in parallel, and to each of them one message after the other. */
async function postInOrder ({ caller }: Stage, all: MessageRequest[]): Promise<void> {
  const queues = groupBy(all, ({ to }) => to)
  await Promise.all([...queues.values()].map(async queue => {
    for (const draft of queue) await caller.post(draft)
  }))
}

/** Three people, three messages each. */
async function postCampaign (stage: Stage): Promise<void> {
  const campaign = campaignOf(stage.sender, stage.round)
  await postInOrder(stage, drafts(stage, '1555000', 3, 3).map(draft => ({ ...draft, campaign })))
}

const isFinal = (status: number): boolean => status >= 200 && status < 500 && status !== 408 && status !== 429
/** Repeated, on another node too, until a node did it: the job of a cancellation begins only then. */
async function ofCampaign ({ caller, sender, round }: Stage, action: 'pause' | 'resume' | 'cancel'): Promise<void> {
  await caller.persist('POST', `/campaigns/${campaignOf(sender, round)}/${action}`, undefined, isFinal)
}

async function planCampaign ({ caller, sender, round }: Stage, plan: object): Promise<void> {
  await caller.persist('PUT', `/campaigns/${campaignOf(sender, round)}`, plan, isFinal)
}

async function operate ({ caller, origin, sender }: Stage, method: string, path: string, body?: unknown): Promise<void> {
  await caller.ask(origin(), method, `/senders/${sender}${path}`, body)
}

const ofTemplate = (stage: Stage): MessageRequest[] => drafts(stage, '1555000', 3, 2).map(draft => ({ ...draft, template: 'order_ready' }))
