import { redisNowMs } from '../redis/server-clock.js'
import { globalKey, senderKey } from '../redis/keys.js'
import type { Store } from '../redis/store.js'
import type { Bus } from '../events.js'
import { hashTemplate, parseTemplate } from '../template-name.js'

/**
 * `checking`: WhatsApp did not find it, and messages wait until its status is read, at most 90 seconds. `releasing`: it is approved, and its waiting
 * messages return to their queues.
 */
export type TemplateState = 'paused' | 'checking' | 'rejected' | 'releasing'

/** Stands for all templates of a sender: see stop.ts. */
export const ALL_TEMPLATES = '*'

/** A template that is not sent now. Times in ms since the epoch. */
export interface BlockedTemplate {
  name: string
  language: string
  state: TemplateState
  since: number
  /** When that ends by itself; null for no end. */
  until: number | null
  /** WhatsApp's code or status, or `operator`. */
  code: string
  /** Messages that wait for it. */
  waiting: number
}

/** What is to be written of a template. `atMs`: when the evidence was found; older evidence than what is written changes nothing. */
export interface TemplateChange {
  template: string
  state: 'paused' | 'checking' | 'rejected' | 'approved'
  code: string
  atMs?: number
  untilMs?: number
}

/** Writes what is known of a template; returns whether it was written. */
export async function writeTemplate (
  { store, events }: { store: Store, events: Bus }, sender: string, { template, state, code, atMs, untilMs }: TemplateChange
): Promise<boolean> {
  const reply = await store.run('set-template', { sender }, {
    template: hashTemplate(parseTemplate(template)), name: template, state, code, atMs: atMs ?? '', untilMs: untilMs ?? ''
  })
  if (reply.status === 'unchanged') return false
  if (reply.had === (state === 'approved') || state === 'rejected') events.emit('template.changed', { sender, template, state, code })
  return true
}

/** The templates of a sender that are not sent now, the longest blocked first. */
export async function listTemplates ({ redis, prefix }: Store, sender: string): Promise<BlockedTemplate[]> {
  const [entries, nowMs] = await Promise.all([
    redis.hgetall(senderKey(prefix, sender, 'templates')), redisNowMs(redis, senderKey(prefix, sender, 'sender'))
  ])
  // The others are campaigns or rates, or stop all templates.
  const own = Object.entries(entries).filter(([hash]) => hash !== ALL_TEMPLATES && !/^[#%]/.test(hash))
  const found = await Promise.all(own.map(async ([hash, text]) => {
    const [state = '', since = '0', until = '0', evidence = '', ...name] = text.split(' ')
    const code = state === 'releasing' ? 'APPROVED' : evidence
    const untilMs = Number(until) / 1000
    if (untilMs > 0 && untilMs <= nowMs) return []
    const waiting = await redis.zlexcount(senderKey(prefix, sender, 'suspended'), `[${hash}:`, `(${hash};`)
    const end = untilMs === 0 ? null : untilMs
    return [{ ...parseTemplate(name.join(' ')), state: state as TemplateState, since: Number(since) / 1000, until: end, code, waiting }]
  }))
  return found.flat().sort((a, b) => a.since - b.since)
}

/** The last reads of an account. `readMs`: of the last successful one, 0 for none; `failures`: since then; `code`: of the last one. */
export interface Reads { readMs: number, failures: number, code: string }

export async function readsOf ({ redis, prefix }: Store, account: string): Promise<Reads> {
  const [, readMs = '0', failures = '0', code = '-'] = (await redis.hget(globalKey(prefix, 'accounts'), account) ?? '').split(' ')
  return { readMs: Number(readMs), failures: Number(failures), code }
}
