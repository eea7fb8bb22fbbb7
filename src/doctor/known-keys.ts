import { globalKey } from '../redis/keys.js'

export interface KnownKey { type: 'string' | 'hash' | 'zset' | 'list' | 'stream', hasTtl: boolean }

const stays = (type: KnownKey['type']): KnownKey => ({ type, hasTtl: false })
const expires = (type: KnownKey['type']): KnownKey => ({ type, hasTtl: true })

/**
 * The keys of a sender, by the part after the hash tag; `msg:`, `starts:`, `index:`, `accepted:` and `activity:` begin the others.
 * lua/README.md describes each.
 */
const senderKeys: Record<string, KnownKey> = {
  backlog: stays('hash'),
  'queue:urgent': stays('zset'),
  'queue:normal': stays('zset'),
  'queue:bulk': stays('zset'),
  'ready:urgent': stays('zset'),
  'ready:normal': stays('zset'),
  'ready:bulk': stays('zset'),
  grants: stays('hash'),
  'pair-tat': stays('zset'),
  'sender-tat': stays('string'),
  seq: stays('string'),
  sender: stays('hash'),
  inflight: stays('zset'),
  scheduled: stays('zset'),
  unknown: stays('zset'),
  failures: stays('zset'),
  retries: stays('zset'),
  resolved: stays('zset'),
  failed: stays('zset'),
  unacknowledged: stays('zset'),
  'failure-records': stays('hash'),
  unconfirmed: stays('zset'),
  parked: stays('zset'),
  'parked-bodies': stays('hash'),
  outbox: stays('list'),
  callbacks: stays('hash'),
  'callbacks-due': stays('zset'),
  'callbacks-retries': stays('zset'),
  'callbacks-since': stays('zset'),
  'callbacks-dead': expires('list'),
  expiry: stays('zset'),
  completed: stays('zset'),
  'opt-outs': stays('hash'),
  templates: stays('hash'),
  campaigns: stays('hash'),
  shares: stays('hash'),
  suspended: stays('zset'),
  windows: stays('zset'),
  daily: stays('zset'),
  'daily-queue': stays('zset'),
  'campaign-starts': stays('zset'),
  'drain-lease': expires('string'),
  latest: expires('list'),
  'replica-mark': expires('string')
}
/** Whether a `msg` key has a TTL depends on its message: check-messages.lua checks it. */
const partedKeys: Record<string, KnownKey> = {
  msg: stays('string'),
  starts: expires('string'),
  index: expires('hash'),
  accepted: expires('list'),
  activity: expires('hash')
}

const globalKeys: Record<string, KnownKey> = {
  layout: stays('string'),
  senders: stays('hash'),
  'recovery-lease': expires('string'),
  'recovery-schedule': stays('zset'),
  runs: stays('hash'),
  'retry-worker': stays('hash'),
  probe: expires('string'),
  'replica-mark': expires('string'),
  'account-reads': stays('zset'),
  accounts: stays('hash'),
  'caller-tat': stays('zset'),
  portfolios: stays('hash'),
  audit: stays('stream')
}

export interface ParsedKey {
  /** Empty for a key of the gateway as a whole. */
  sender: string
  name: string
  /** Of `msg:<digest>` and the like. */
  part: string
  /** Null where the layout has no such key. `bullmq` for what belongs to BullMQ. */
  known: KnownKey | 'bullmq' | null
}

/** Names of the keys of a sender that one message or one hour has. */
export const isParted = (name: string): boolean => name in partedKeys

/** The parts of a key that begins with the prefix in braces. */
export function parseKey (prefix: string, key: string): ParsedKey {
  const global = globalKey(prefix, 'layout').replace(/layout$/, '')
  if (key.startsWith(global)) {
    const name = key.slice(global.length)
    return { sender: '', name, part: '', known: /^WHATSAPP-(drain|retry|housekeeping|bulk):/.test(name) ? 'bullmq' : globalKeys[name] ?? null }
  }
  const [, sender = '', rest = ''] = /^\{[^:}]+:([A-Za-z0-9_-]{1,64})\}:(.*)$/s.exec(key) ?? []
  const [, name = '', part = ''] = /^(msg|starts|index|accepted|activity):(.+)$/s.exec(rest) ?? []
  if (sender !== '' && name !== '') return { sender, name, part, known: partedKeys[name] ?? null }
  return { sender, name: rest, part: '', known: sender === '' ? null : senderKeys[rest] ?? null }
}
