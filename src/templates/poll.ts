import { forAll, inParallel } from '../parallel.js'
import { redisNowMs } from '../redis/server-clock.js'
import { globalKey, senderKey } from '../redis/keys.js'
import { every, reportError } from '../redis/unavailable.js'
import type { Events } from '../events.js'
import type { Store } from '../redis/store.js'
import type { SenderRegistry } from '../sender-registry.js'
import type { TemplateName } from '../template-name.js'
import { spellTemplate } from '../template-name.js'
import { isJsonObject } from '../values/json.js'
import type { CloseDeps } from '../drain/close.js'
import type { DeliveryDeps } from '../drain/deliver.js'
import { CHECK_MS } from '../settlement/decide.js'
import { releaseSuspended } from '../recovery/release-suspended.js'
import { readPage } from './read.js'
import { listTemplates, writeTemplate, type BlockedTemplate, type TemplateChange } from './state.js'

export interface PollDeps extends Pick<DeliveryDeps, 'store' | 'events' | 'wakes' | 'settlement' | 'provider'> {
  senders: Pick<SenderRegistry, 'ids' | 'settingsOf'>
  /** Longest time between two reads of an account's templates, ms. */
  templatePollMs: number
}

const TICK_MS = 1000
const CONCURRENCY = 5
/** While a template is paused, its status is read this often. */
const WHILE_PAUSED_MS = 5 * 60_000
/** Meta allows 6,000 templates, 100 a page. A longer list is no list of templates. */
const MAX_PAGES = 100
/** How long a template that WhatsApp does not have is rejected without another attempt: it may be created meanwhile. */
const NOT_FOUND_MS = 3_600_000
/** Statuses in which no message of a template is ever sent. Others but APPROVED and PAUSED say nothing by themselves: WhatsApp's codes decide. */
const REJECTED: ReadonlySet<string> = new Set(['REJECTED', 'DISABLED', 'DELETED', 'PENDING_DELETION'])

/**
 * Reads the statuses of all templates of the senders' accounts: at the start, regularly, and soon after a hint. Each account is read by one node at
 * a time. A read that fails changes nothing: it stops no message, and resumes none.
 */
export function startTemplatePolls (deps: PollDeps): { stop: () => Promise<void> } {
  const { store, events, templatePollMs } = deps
  const key = globalKey(store.prefix, 'account-reads')
  async function tick (): Promise<void> {
    const accounts = accountsOf(deps.senders)
    if (accounts.size === 0) return
    const [nowMs, scheduled] = await Promise.all([redisNowMs(store.redis, key), store.redis.zrange(key, 0, -1, 'WITHSCORES')])
    const dueMs = new Map(Array.from({ length: scheduled.length / 2 }, (_, at) => [scheduled[2 * at], Number(scheduled[2 * at + 1])]))
    const due = [...accounts].filter(([account]) => (dueMs.get(account) ?? 0) <= nowMs || (dueMs.get(account) ?? 0) > nowMs + templatePollMs)
    await inParallel(due, CONCURRENCY, async ([account, senders]) => {
      const { status } = await store.run('schedule-read', { sender: '' }, { account, step: 'begin', afterMs: templatePollMs, code: '' })
      if (status === 'begun') await readAccount(deps, account, senders)
    })
  }
  return every(TICK_MS, events, 'templates', tick)
}

/** Marks a template that WhatsApp's code names as the cause, for all senders of the account, and has the statuses read soon. */
export function followFailures (deps: Omit<PollDeps, 'templatePollMs'>): void {
  const { events, senders } = deps
  async function follow ({ account, template, problem, code, sender }: Events['template.failed'][0]): Promise<void> {
    if (problem !== 'doubtful') {
      const state = ({ paused: 'paused', missing: 'checking', disabled: 'rejected' } as const)[problem]
      const others = accountsOf(senders).get(account) ?? [sender]
      await forAll(others, CONCURRENCY, async other => {
        const until = state === 'checking' ? { untilMs: deps.store.nowMs(other) + CHECK_MS } : {}
        await writeTemplate(deps, other, { template, state, code, ...until })
      })
    }
    await hintRead(deps.store, account)
  }
  events.on('template.failed', fact => { follow(fact).catch(error => reportError(events, 'template state', error)) })
}

/** Has the statuses of an account's templates read soon: something about them may have changed. */
export async function hintRead (store: Store, account: string): Promise<void> {
  await store.run('schedule-read', { sender: '' }, { account, step: 'hint', afterMs: 0, code: '' })
}

/**
 * Lets the messages of a template go, whatever is known of it: an operator's decision, for when its status cannot be read. Returns false where
 * nothing stops the template.
 */
export async function resumeTemplate (deps: CloseDeps, sender: string, { name, language }: TemplateName): Promise<boolean> {
  const template = spellTemplate({ name, language })
  const blocked = await listTemplates(deps.store, sender)
  if (!blocked.some(one => spellTemplate(one) === template)) return false
  await writeTemplate(deps, sender, { template, state: 'approved', code: 'operator' })
  await releaseSuspended(deps, sender)
  return true
}

/** The senders of each account. */
export function accountsOf (senders: Pick<SenderRegistry, 'ids' | 'settingsOf'>): Map<string, string[]> {
  const accounts = new Map<string, string[]>()
  for (const sender of senders.ids()) {
    const account = senders.settingsOf(sender)?.accountId ?? null
    if (account !== null) accounts.set(account, [...accounts.get(account) ?? [], sender])
  }
  return accounts
}

async function readAccount (deps: PollDeps, account: string, senders: readonly string[]): Promise<void> {
  const { store, events, templatePollMs } = deps
  // Before the read: what is found later than that is newer.
  const starts = await inParallel(senders, CONCURRENCY, async sender => await redisNowMs(store.redis, senderKey(store.prefix, sender, 'sender')))
  const listed = await readStatuses(deps, account, senders)
  if ('code' in listed) {
    await store.run('schedule-read', { sender: '' }, { account, step: 'failed', afterMs: templatePollMs, code: listed.code })
    events.emit('templates.read', { account, result: 'failed', code: listed.code })
    return
  }
  let isPaused = false
  await forAll(senders.map((sender, i) => ({ sender, atMs: starts[i] ?? 0 })), CONCURRENCY, async ({ sender, atMs }) => {
    const blocked = await listTemplates(store, sender)
    for (const change of changesOf(listed.statuses, blocked, atMs)) {
      await writeTemplate(deps, sender, change)
      if (change.state === 'paused') isPaused = true
    }
    isPaused ||= blocked.some(({ state }) => state === 'paused')
    await releaseSuspended(deps, sender)
  })
  const afterMs = isPaused ? Math.min(templatePollMs, WHILE_PAUSED_MS) : templatePollMs
  await store.run('schedule-read', { sender: '' }, { account, step: 'read', afterMs, code: '' })
  events.emit('templates.read', { account, result: 'read', templates: listed.statuses.size })
}

/** All pages, or the code of the first one that fails. The senders are asked in turn: one may have a token without the permission. */
async function readStatuses (
  { provider }: PollDeps, account: string, senders: readonly string[]
): Promise<{ statuses: Map<string, string> } | { code: string }> {
  let code = 'NOT_SUPPORTED'
  for (const sender of senders.slice(0, 3)) {
    const statuses = new Map<string, string>()
    let next: string | null = ''
    for (let page = 0; page < MAX_PAGES && next !== null; page++) {
      const cursor: string = next === '' ? '' : `&after=${encodeURIComponent(next)}`
      const path = `${encodeURIComponent(account)}/message_templates?fields=name,language,status&limit=100${cursor}`
      const got = await provider.get?.(sender, path) ?? { status: 'failed' as const, code }
      const read = got.status === 'responded' && got.httpStatus === 200 ? readPage(got.body) : null
      if (read === null) {
        code = got.status === 'failed' ? got.code : codeOf(got.body) ?? `HTTP_${got.httpStatus}`
        break
      }
      for (const [template, status] of read.statuses) statuses.set(template, status)
      next = read.next
    }
    if (next === null) return { statuses }
  }
  return { code }
}

/** What the statuses change. First what goes on, then what waits: the number of blocked templates that are written is limited. */
function changesOf (statuses: ReadonlyMap<string, string>, blocked: readonly BlockedTemplate[], atMs: number): TemplateChange[] {
  const states = new Map(blocked.map(({ name, language, state }) => [`${name} ${language}`, state]))
  const changes: TemplateChange[] = []
  for (const [template, code] of statuses) {
    const former = states.get(template)
    if (code === 'APPROVED' && former !== undefined) changes.push({ template, state: 'approved', code, atMs })
    if (REJECTED.has(code) && former !== 'rejected') changes.push({ template, state: 'rejected', code, atMs })
    if (code === 'PAUSED' && former !== 'paused') changes.push({ template, state: 'paused', code, atMs })
    // WhatsApp did not find it, and it is in review or under appeal: it waits until it is approved.
    const isDecided = code === 'APPROVED' || code === 'PAUSED' || REJECTED.has(code)
    if (former === 'checking' && !isDecided) changes.push({ template, state: 'paused', code, atMs })
  }
  // An empty list is an error that Meta makes at times. A template that is not listed says nothing, unless WhatsApp has not found it either.
  for (const [template, state] of statuses.size === 0 ? [] : states) {
    if (state !== 'checking' || statuses.has(template)) continue
    changes.push({ template, state: 'rejected', code: 'NOT_FOUND', atMs, untilMs: atMs + NOT_FOUND_MS })
  }
  const order = ['approved', 'paused', 'checking', 'rejected']
  return changes.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
}

/** Meta's code of an error, of four to nine digits or fewer. */
function codeOf (text: string): string | null {
  try {
    const body: unknown = JSON.parse(text)
    const error = isJsonObject(body) && isJsonObject(body['error']) ? body['error'] : {}
    return typeof error['code'] === 'number' && error['code'] >= 0 && error['code'] < 1e9 ? String(Math.floor(error['code'])) : null
  } catch {
    return null
  }
}
