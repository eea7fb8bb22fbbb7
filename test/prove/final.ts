/** Reads all that can be read when a run is over: each message, the counts, the lists, the metrics and the keys. */
import type { Redis } from 'ioredis'
import { rowOf } from '../lua/layout.js'
import { each } from '../support/until.js'
import type { MessageRequest, ProvingCaller } from './caller.js'
import type { Counted, Fact, Listed } from './history.js'

export interface FinalOptions {
  caller: ProvingCaller
  origins: () => string[]
  senders: string[]
  drafts: Map<string, MessageRequest>
  /** Idempotency keys are of one caller each. */
  callerOf: (draft: MessageRequest) => ProvingCaller
  isErased: (pair: string) => boolean
  masters: Redis[]
  prefix: string
  record: (fact: Fact) => void
}

const AT_ONCE = 10
/** Most messages that a search returns. */
const MOST_FOUND = 100

export async function readFinal (options: FinalOptions): Promise<void> {
  await each([...options.drafts.values()], AT_ONCE, async draft => {
    const ended = await options.callerOf(draft).readEnd(draft)
    if (ended !== null) options.record(ended)
  })
  await readCounts(options)
  await readLists(options)
  await readCampaigns(options)
  for (const client of options.masters) await readKeys(client, options)
}

type Body = Record<string, any>

async function readCounts ({ caller, origins, record }: FinalOptions): Promise<void> {
  const count = (source: string, sender: string, name: string, value: number): void => {
    const counted: Counted = { fact: 'counted', source, sender, name, value }
    record(counted)
  }
  const stats = await caller.persist('GET', '/stats', undefined, (status, body) => status === 200 && body['unavailable'] === undefined)
  for (const one of (stats?.['senders'] ?? []) as Body[]) {
    count('stats', one['id'], 'failed', one['failures'].failed)
    count('stats', one['id'], 'resolved', one['failures'].resolved)
    count('stats', one['id'], 'sent', one['sentLast24h'])
    for (const name of ['queued', 'due', 'inFlight', 'scheduled', 'unknown', 'unsettled']) count(`stats: ${name}`, one['id'], 'waiting', one[name])
    count('stats: pending', one['id'], 'waiting', one['failures'].pending)
  }
  const names: Record<string, string> = {
    sluice_sent_last_day: 'sent', sluice_inflight: 'waiting', sluice_queue_messages: 'waiting', sluice_callbacks_waiting: 'waiting'
  }
  const failures: Record<string, string> = { failed: 'failed', resolved: 'resolved', pending: 'waiting' }
  for (const origin of origins()) {
    const text = await fetch(`${origin}/metrics`).then(async response => await response.text(), () => '')
    for (const [, metric = '', labels = '', value] of text.matchAll(/^(sluice_\w+)\{([^}]*)\} (\S+)$/gm)) {
      const sender = /sender="([^"]+)"/.exec(labels)?.[1] ?? ''
      const name = metric === 'sluice_delivery_failures' ? failures[/status="([^"]+)"/.exec(labels)?.[1] ?? ''] : names[metric]
      if (name !== undefined) count(`metric ${metric}`, sender, name, Number(value))
    }
  }
}

async function readLists ({ caller, senders, drafts, isErased, record }: FinalOptions): Promise<void> {
  for (const sender of senders) {
    for (const [list, status] of [['failed', 'FAILED'], ['resolved', 'RESOLVED'], ['pending', 'PENDING']] as const) {
      record({ fact: 'listed', list, sender, ids: await idsOf(caller, sender, status) })
    }
    record({ fact: 'listed', list: 'unacknowledged', sender, ids: await idsOf(caller, sender, 'FAILED&acknowledged=false') })
  }
  const pairs = new Map<string, number>()
  for (const { sender, to } of drafts.values()) pairs.set(`${sender}/${to}`, (pairs.get(`${sender}/${to}`) ?? 0) + 1)
  const searched = [...pairs].filter(([pair, count]) => count < MOST_FOUND && !isErased(pair))
  await each(searched, AT_ONCE, async ([pair]) => {
    const [sender = '', to = ''] = pair.split('/')
    const body = await caller.persist('GET', `/messages?recipient=${to}&sender=${sender}&limit=${MOST_FOUND}`, undefined, status => status === 200)
    const listed: Listed = { fact: 'listed', list: 'recipient', sender, pair, ids: ((body?.['messages'] ?? []) as Body[]).map(({ id }) => id) }
    record(listed)
  })
}

async function readCampaigns ({ caller, drafts, record }: FinalOptions): Promise<void> {
  const names = new Set([...drafts.values()].map(draft => draft.caller))
  const isWhole = (status: number, body: Body): boolean => status === 200 && body['unavailable'] === undefined
  const body = await caller.persist('GET', '/campaigns?limit=1000', undefined, isWhole)
  for (const { name, ...counts } of (body?.['campaigns'] ?? []) as Body[]) record({ fact: 'campaign-counted', campaign: name, counts })
  const callers = await caller.persist('GET', '/callers', undefined, isWhole)
  for (const { name, ...counts } of (callers?.['callers'] ?? []) as Body[]) {
    // Of others, no fact says who posted.
    if (names.has(name)) record({ fact: 'caller-counted', caller: name, counts })
  }
}

async function idsOf (caller: ProvingCaller, sender: string, status: string): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const path: string = `/failures?sender=${sender}&status=${status}&limit=200${page}`
    const body: Body | null = await caller.persist('GET', path, undefined, code => code === 200)
    ids.push(...((body?.['failures'] ?? []) as Body[]).map(({ id }) => id))
    cursor = body?.['nextCursor'] ?? null
  }
  return ids
}

async function readKeys (client: Redis, { prefix, drafts, isErased, record }: FinalOptions): Promise<void> {
  const erased = [...new Set([...drafts.values()].flatMap(({ sender, to }) => isErased(`${sender}/${to}`) ? [to] : []))]
  for await (const keys of client.scanStream({ match: `*${prefix}*`, count: 1000 })) {
    await each(keys as string[], AT_ONCE, async key => {
      const [type, ttlMs] = await Promise.all([client.type(key), client.pttl(key)])
      // It ended meanwhile.
      if (type === 'none') return
      const entries = await entriesOf(client, key, type)
      const text = erased.length === 0 ? '' : [key, ...entries].join('\n')
      const names = erased.filter(to => text.includes(to))
      record({ fact: 'key-left', key, row: rowOf(key, prefix)?.key ?? null, size: entries.length, ttlMs, names })
    })
  }
}

/** A few at a time would be kinder to a server in use; here the run is over. */
async function entriesOf (client: Redis, key: string, type: string): Promise<string[]> {
  if (type === 'string') return [await client.get(key) ?? '']
  if (type === 'hash') return Object.entries(await client.hgetall(key)).map(([field, value]) => `${field} ${value}`)
  if (type === 'list') return await client.lrange(key, 0, -1)
  if (type === 'zset') return await client.zrange(key, 0, -1)
  if (type === 'stream') return Array.from({ length: await client.xlen(key) }, () => '')
  return await client.smembers(key)
}
