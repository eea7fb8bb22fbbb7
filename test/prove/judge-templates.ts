/** What WhatsApp says of templates over time, and sentence 41: nothing of a paused template is sent. */
import { factsOf, groupBy, senderOf, type Fact, type Message, type Rules, type TemplateSet } from './history.js'
import type { Report } from './model.js'
import type { Sends } from './sends.js'

/** A status of a template: surely from `from` to `to`, perhaps from `earliest` to `latest`. */
export interface Period { status: TemplateSet['status'], earliest: number, from: number, to: number, latest: number }

/** A read is due at most a minute after a hint, and one that failed is repeated a minute later. */
const READ_WITHIN_MS = 120_000
/** TEMPLATE_POLL_MS of the nodes: without a hint the next read comes so late, and one may fail. */
const UNREAD_MS = 2 * 600_000
/** So many complete reads: what the first one found may not have been written, since its node lost Redis. */
const READS = 2
/** How long what waited takes to return to its queues: in pages, of many messages. */
const RELEASE_MS = 5000
/** WhatsApp's codes for a paused and a disabled template. */
export const PAUSED = 132015
const DISABLED = 132016

export type Templates = ReturnType<typeof templatesOf>

export function templatesOf ({ changing = [] }: Rules, messages: Map<string, Message>, sends: Sends, facts: Fact[]) {
  const periods = new Map([...groupBy(factsOf(facts, 'template-set'), ({ template }) => template)].map(([template, list]) => {
    const sorted = list.sort((a, b) => a.askedAt - b.askedAt)
    return [template, sorted.map(({ status, askedAt, at }, i): Period => {
      const next = sorted[i + 1]
      return { status, earliest: askedAt, from: at, to: next?.askedAt ?? Infinity, latest: next?.at ?? Infinity }
    })]
  }))
  const nameOf = ({ posted: { pair, template } }: Pick<Message, 'posted'>): string => `${senderOf(pair)} ${template}`
  const withTemplate = [...messages.values()].filter(({ posted }) => posted.template !== undefined)
  const grants = new Map([...groupBy(withTemplate, nameOf)].map(([name, list]) =>
    [name, list.flatMap(({ posted }) => sends.of(posted.key).map(({ granted, checked }) => granted?.at ?? checked.at))]))
  const of = ({ posted: { template } }: Pick<Message, 'posted'>): Period[] => template === undefined ? [] : periods.get(template) ?? []
  const losses = factsOf(facts, 'lost-writes')
  const reads = factsOf(facts, 'templates-read').filter(({ status }) => status === 200)
    .map(read => ({ askedAt: read.askedAt, knownAt: sends.knownFrom({ node: read.node, answered: read }) }))
    .filter(({ askedAt, knownAt }) => knownAt < Infinity && !losses.some(one => one.from <= knownAt && one.at >= askedAt))
    .sort((a, b) => a.knownAt - b.knownAt)
  const refusals = groupBy(withTemplate.flatMap(({ posted: { key, template = '' } }) => sends.of(key).map(send => ({ template, send })))
    .filter(({ send: { arrived } }) => arrived?.code === PAUSED || arrived?.code === DISABLED), ({ template }) => template)
  /**
   * When the gateway knows the end of a period at the latest: by reads that began after it, or since it grants a message of the template again. A
   * response from within the period that a node could write only later began another one, also one of another sender: all of the account follow.
   */
  const knownAt = (message: Pick<Message, 'posted'>, { latest }: Period): number => {
    const written = (refusals.get(message.posted.template ?? '') ?? []).filter(({ send: { arrived } }) => (arrived?.at ?? Infinity) <= latest)
      .map(({ send }) => sends.knownFrom(send)).filter(at => at < Infinity)
    const from = Math.max(latest, ...written)
    // A node does not read for a sender that it does not have.
    const read = changing.includes(senderOf(message.posted.pair)) ? undefined : reads.filter(({ askedAt }) => askedAt > from)[READS - 1]
    const granted = Math.min(...(grants.get(nameOf(message)) ?? []).filter(at => at > from))
    return Math.max(latest + READ_WITHIN_MS, Math.min(granted + RELEASE_MS, (read?.knownAt ?? Infinity) + RELEASE_MS, from + UNREAD_MS))
  }
  return {
    /** Times in which the gateway may hold the message back, since WhatsApp does not send its template, or did not until a while ago. */
    holds: (message: Pick<Message, 'posted'>): Array<{ from: number, to: number }> =>
      of(message).filter(({ status }) => status !== 'APPROVED').map(period => ({ from: period.earliest, to: knownAt(message, period) })),
    /** Times in which WhatsApp surely pauses the template of a message. */
    pauses: (message: Pick<Message, 'posted'>) => of(message).filter(({ status }) => status === 'PAUSED'),
    /** Whether the gateway may have taken the template for disabled at some time. */
    wasDisabled: (message: Pick<Message, 'posted'>, from: number, to: number): boolean =>
      of(message).some(period => period.status === 'DISABLED' && period.earliest < to && knownAt(message, period) > from)
  }
}

/**
 * Once the gateway knows from a response that a template is paused, nothing of it is granted for that sender while WhatsApp pauses it. A read that
 * began before found what was older.
 */
export function judgeTemplates (
  { startWithinMs }: Rules, messages: Map<string, Message>, sends: Sends, templates: Templates, facts: Fact[], report: Report
): void {
  const losses = factsOf(facts, 'lost-writes')
  const ofTemplate = groupBy([...messages.values()].filter(({ posted }) => posted.template !== undefined),
    ({ posted: { pair, template } }) => `${senderOf(pair)} ${template}`)
  for (const list of ofTemplate.values()) {
    const pauses = list[0] === undefined ? [] : templates.pauses(list[0])
    const all = list.flatMap(({ posted }) => sends.of(posted.key))
    for (const { from, to } of pauses) {
      const known = all.filter(({ arrived }) => arrived?.code === PAUSED && arrived.at >= from && arrived.at < to).map(send => {
        const at = sends.knownFrom(send)
        return losses.some(one => one.from <= at && one.at >= (send.answered?.at ?? 0)) ? Infinity : at
      })
      const knownFrom = Math.min(Infinity, ...known)
      const after = all.find(({ granted, checked }) => (granted?.at ?? checked.at - startWithinMs) > knownFrom && (granted?.at ?? checked.at) < to)
      if (after !== undefined) report(41, `${after.opaque} was granted while its template was paused`)
    }
  }
}
