/** Realistic load: conversations over many recipients, so that order and spacing of a pair are exercised; batches, schedules and references. */
import { createZipf, type Random } from '../property/random.js'
import { pass } from '../support/until.js'
import type { ProvingCaller, MessageRequest } from './caller.js'
import { campaignOf } from './operation.js'

export interface LoadOptions {
  senders: string[]
  people: number
  perSecond: number
  seconds: number
  caller: ProvingCaller
  /** The others, by name, each with the share of the messages that it posts. */
  callers?: Record<string, { caller: ProvingCaller, share: number }>
  random: Random
  /** Names of templates that some messages are sent with. */
  templates: readonly string[]
  /** A sender with a daily limit. `mayGreet`: whether it may write to one more person now, who perhaps waits for the next day. */
  daily: { sender: string, mayGreet: () => boolean } | null
}

export interface Load {
  /** Every message that was posted. */
  drafts: Map<string, MessageRequest>
  /** The number of posts with a conclusive response. */
  responded: () => number
  /** Whether the time is over and every caller has a response. */
  isDone: () => boolean
  /** A recipient is to be erased, or is. */
  isErased: (pair: string) => boolean
  /** Recipients who get marketing, as pairs. */
  marketed: () => string[]
  /** The open campaign of a sender. */
  campaign: (sender: string) => string
  /** The sender begins another campaign. */
  nextCampaign: (sender: string) => void
  /** The tag that some messages of a sender have now. */
  tag: (sender: string) => string
  nextTag: (sender: string) => void
  callerOf: (draft: { caller?: string | undefined }) => ProvingCaller
}

type Place = Pick<MessageRequest, 'sender' | 'to' | 'lane'>

/** Maximum number of conversations, repeats and cancellations at a time, for each message a second. */
const MAX_CONCURRENT = 6
/** A number of this family always fails. */
const FAILING = '15560131000'
/** Messages of a mean conversation. */
const MEAN_LENGTH = 3.5

/** Conversations start at random times, at a rate that posts `perSecond` messages a second in total. */
export function startLoad (options: LoadOptions): Load {
  const { senders, people, perSecond, seconds, caller, callers = {}, random, templates, daily } = options
  const zipf = createZipf(people, 0.5)
  const drafts = new Map<string, MessageRequest>()
  const underway = new Set<Promise<void>>()
  const talking = new Set<string>()
  const erased = new Set<string>()
  const marketed = new Set<string>()
  const campaigns = new Map<string, number>()
  const tags = new Map<string, number>()
  const greeted: string[] = []
  let count = 0
  let responded = 0

  const campaign = (sender: string): string => campaignOf(sender, campaigns.get(sender) ?? 1)
  const tag = (sender: string): string => `wave:${campaignOf(sender, tags.get(sender) ?? 1)}`
  const callerOf = (draft: { caller?: string | undefined }): ProvingCaller => callers[draft.caller ?? '']?.caller ?? caller
  const nameOf = ({ sender, to, lane }: Place): string => `${sender}/${to}/${lane}`

  /** A recipient without an open conversation in this lane, taken until it is released; some numbers make the sandbox fail or refuse. */
  function reserve (random: Random, lane?: MessageRequest['lane']): Place {
    for (;;) {
      const number = zipf.draw(random)
      const special = random.chance(0.01) ? '15561131000' : random.chance(0.01) ? '15560131026' : random.chance(0.005) ? FAILING : '1555000'
      // Fewer than open a circuit: those that alone are left would keep it open.
      const person = String(special === FAILING ? number % 3 : number).padStart(4, '0')
      const place = {
        sender: random.pick(senders), to: `${special}${person}`, lane: lane ?? (random.chance(0.7) ? 2 : random.chance(0.5) ? 1 : 3) as 1 | 2 | 3
      }
      if (talking.has(nameOf(place))) continue
      talking.add(nameOf(place))
      return place
    }
  }

  /** Null for the operator. */
  function drawCaller (random: Random): string | null {
    let draw = random.next()
    return Object.entries(callers).find(([, { share }]) => (draw -= share) < 0)?.[0] ?? null
  }

  function draftFor (place: Place, random: Random, name = drawCaller(random)): MessageRequest {
    const draft: MessageRequest = { ...place, key: `m${++count}`, policy: random.chance(0.3) ? 'fail' : 'retry' }
    if (name !== null) draft.caller = name
    if (random.chance(0.1)) draft.tag = tag(place.sender)
    if (random.chance(0.03)) draft.expiresInMs = random.int(5000, 40_000)
    if (random.chance(0.1)) {
      draft.isMarketing = true
      marketed.add(`${place.sender}/${place.to}`)
    }
    if (random.chance(0.15)) draft.campaign = campaign(place.sender)
    drafts.set(draft.key, draft)
    return draft
  }

  async function post (draft: MessageRequest, random: Random): Promise<Record<string, unknown> | null> {
    const own = callerOf(draft)
    const body = await own.post(draft)
    responded++
    if (body?.['status'] === 'queued' && random.chance(0.02)) await own.operate('DELETE', `/messages/${draft.key}?sender=${draft.sender}`)
    else if (body?.['status'] === 'queued' && random.chance(0.03)) {
      const scheduledFor = Date.now() + random.int(1000, 6000)
      const move = random.pick([{ priority: random.pick(['urgent', 'bulk']) }, { scheduledFor }, { scheduledFor: null }])
      await own.operate('PATCH', `/messages/${draft.key}?sender=${draft.sender}`, move)
    }
    // Some callers repeat an accepted request later.
    if (typeof body?.['id'] === 'string' && body['code'] === undefined && random.chance(0.05)) {
      later(random.int(100, 20_000), async () => { await own.repeat(draft) })
    }
    return body
  }

  function later (ms: number, work: () => Promise<void>): void {
    const task = pass(ms).then(work).finally(() => underway.delete(task))
    underway.add(task)
  }

  async function talk (random: Random): Promise<void> {
    const isGraph = random.chance(0.15)
    const place = reserve(random, isGraph ? 2 : undefined)
    let last: { key: string, id: string } | null = null
    for (let left = random.int(1, 6); left > 0; left--) {
      const draft = draftFor(place, random)
      // The drop-in surface has neither a policy nor a life, nor campaigns.
      if (isGraph) {
        Object.assign(draft, { isGraph, policy: 'retry', expiresInMs: undefined, isMarketing: undefined, campaign: undefined, tag: undefined })
      }
      if (last !== null && random.chance(0.3)) draft.quotes = last
      else if (!isGraph && templates.length > 0 && random.chance(0.2)) draft.template = random.pick([...templates])
      const body = await post(draft, random)
      last = body?.['status'] === 'sent' && typeof body['id'] === 'string' ? { key: draft.key, id: body['id'] } : null
    }
    talking.delete(nameOf(place))
  }

  /** Rows to a few recipients, mixed; some refer to a message that was just sent, so that they take longer to admit than texts. */
  async function batch (random: Random): Promise<void> {
    const places = Array.from({ length: random.int(1, 3) }, () => reserve(random))
    const first = places[0] as Place
    const name = drawCaller(random)
    const quoted = draftFor(first, random, name)
    const body = await post(quoted, random)
    const rows = Array.from({ length: random.int(3, 9) }, () => draftFor(random.pick(places), random, name))
    if (body?.['status'] === 'sent' && typeof body['id'] === 'string') {
      const quotes = { key: quoted.key, id: body['id'] }
      for (const row of rows) if (row.sender === first.sender && random.chance(0.5)) row.quotes = quotes
    }
    await callerOf({ caller: name ?? undefined }).postBatch(rows)
    responded += rows.length
    for (const place of places) talking.delete(nameOf(place))
  }

  /** A recipient of no other conversation. */
  const stranger = (family: string): string => `${family}${String(++count).padStart(15 - family.length, '0')}`

  /** One to three parts, scheduled for the same moment. */
  async function schedule (random: Random): Promise<void> {
    const place: Place = { sender: random.pick(senders), to: stranger('1555001'), lane: 2 }
    const scheduledFor = Date.now() + random.int(2000, 8000)
    for (let left = random.int(1, 3); left > 0; left--) {
      const draft = draftFor(place, random)
      Object.assign(draft, { scheduledFor, expiresInMs: undefined })
      await post(draft, random)
    }
  }

  /** A recipient who is erased after a short conversation, perhaps while messages wait or are in flight. */
  async function forget (random: Random): Promise<void> {
    const place: Place = { sender: random.pick(senders), to: stranger('1555002'), lane: 2 }
    for (let left = random.int(1, 3); left > 0; left--) {
      // A campaign and a caller count an erased message until it is erased, which no fact states.
      const draft = draftFor(place, random)
      delete draft.campaign
      delete draft.caller
      await caller.post(draft).finally(() => responded++)
    }
    await pass(random.int(0, 3000))
    erased.add(`${place.sender}/${place.to}`)
    for (let tries = 0; tries < 100; tries++) {
      const status = await caller.operate('DELETE', `/recipients/+${place.to}?sender=${place.sender}`)
      if (status !== 202 && status !== 0) break
      await pass(1000)
    }
  }

  /** A template counts for the daily limit, as a text does not. Some people get another one later. */
  async function greet (random: Random, sender: string): Promise<void> {
    const known = greeted.length > 0 && random.chance(0.25) ? greeted.splice(random.int(0, greeted.length - 1), 1)[0] : undefined
    const place: Place = { sender, to: known ?? stranger('1555003'), lane: random.chance(0.5) ? 2 : 1 }
    const draft = draftFor(place, random, null)
    draft.template = templates.length === 0 ? 'hello_world' : random.pick([...templates])
    await post(draft, random)
    greeted.push(place.to)
  }

  async function run (): Promise<void> {
    const until = performance.now() + seconds * 1000
    let next = performance.now()
    while (performance.now() < until) {
      next += random.gap(1000 * MEAN_LENGTH / perSecond)
      const wait = next - performance.now()
      if (wait > 0) await pass(wait)
      // A service has a limited number of workers; what they cannot post now they post later.
      while (underway.size >= MAX_CONCURRENT * perSecond) await Promise.race(underway)
      // A generator of its own, so that its content does not depend on which request gets its response first.
      const own = random.fork()
      const kind = own.chance(0.03) ? schedule : own.chance(0.08) ? batch : own.chance(0.01) ? forget : talk
      if (daily !== null && own.chance(0.2) && daily.mayGreet()) greet(own.fork(), daily.sender).catch(() => undefined)
      const task = kind(own).finally(() => underway.delete(task))
      underway.add(task)
    }
    while (underway.size > 0) await Promise.all(underway)
  }

  const increase = (counts: Map<string, number>) => (sender: string): void => { counts.set(sender, (counts.get(sender) ?? 1) + 1) }
  let isDone = false
  run().then(() => { isDone = true }, () => undefined)
  return {
    drafts,
    responded: () => responded,
    isDone: () => isDone,
    isErased: pair => erased.has(pair),
    marketed: () => [...marketed],
    campaign,
    nextCampaign: increase(campaigns),
    tag,
    nextTag: increase(tags),
    callerOf
  }
}
