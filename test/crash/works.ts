/** What callers, operators and WhatsApp do so that a node reaches a step. Each is one round; rounds repeat until it is reached. */
import type { MessageRequest } from '../prove/caller.js'
import { request } from '../support/request.js'
import { pass, until } from '../support/until.js'
import { joinPortfolio, knowWindows, passDay } from './days.js'
import { readTemplatesNow, runHousekeeping } from './due.js'
import { jobWorks } from './jobs.js'
import { fallSilent, report, untilHeld } from './silence.js'
import { drafts, ofCampaign, ofTemplate, operate, planCampaign, postCampaign, postInOrder, posts, type Stage } from './stage.js'
import { bounce, restrict, write } from './webhooks.js'

export type WorkName = keyof typeof works

export const works = {
  ...jobWorks,
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
