/** What happens to one attempt or failure in a fuzz run: settlements, receipts, bounces, retries. */
import { bucketOf } from '../../src/throttle/levels.js'
import { referenceOf } from '../../src/redis/lookup-index.js'
import type { FuzzWorld, Grant } from './world.js'

const DAY_MS = 86_400_000
/** What may cool down with each settlement. */
const buckets: Record<string, string[]> = {
  stop: ['sender', 'template', 'templates'],
  wait: ['', 'pair', 'sender-rate', 'throughput'],
  failed: ['', '', '', '', 'marketing']
}

/** Why a sender stops; of a failure, what is kept with an opt-out. */
const codeOf = (settlement: string): string => settlement === 'failed' ? '{"by":"whatsapp"}' : '190'

export async function settle (
  w: FuzzWorld, grant: Grant, settlement: string, how: { unstarted?: boolean, wamid?: string, code?: string } = {}
): Promise<string> {
  const { random } = w
  const wamid = how.wamid ?? '-'
  const isFailure = settlement === 'failed' || settlement === 'stop'
  const code = isFailure ? { code: random.pick(['131026', '131049']) } : {}
  const entry = { attempt: grant.attempt, outcome: settlement, ...code, ...(settlement === 'sent' ? { providerMessageId: wamid } : {}) }
  const reply = await w.run('settle', {
    id: grant.id,
    recipient: grant.recipient,
    attempt: grant.attempt,
    holder: grant.holder,
    settlement,
    startedUs: how.unstarted === true ? '' : 2000,
    afterMs: random.pick([0, 1000, 9000]),
    bucket: random.pick(buckets[settlement] ?? ['']),
    coolMs: settlement === 'wait' || settlement === 'stop' ? 1500 : 0,
    code: how.code ?? codeOf(settlement),
    resultSuffix: `${w.callerOf(grant.id)} ${settlement === 'sent' ? wamid : '-'}`,
    history: settlement === 'wait' || (settlement === 'sent' && grant.attempt === 1) ? '' : JSON.stringify(entry),
    reason: isFailure ? 'rejected' : '',
    term: settlement === 'sent' ? `${'d'.repeat(10)}:${referenceOf(grant.id)}` : '',
    findS: 90_000,
    keepMs: random.pick([0, 900_000])
  }, grant.id)
  return reply.status
}

/** What a node reports of an attempt after its lease has expired. */
export async function settleLate (w: FuzzWorld, { id, attempt, holder }: Grant): Promise<void> {
  const { random } = w
  const settlement = random.pick(['failed', 'retry', 'wait', 'stop'])
  await noteReopening(w, id)
  await w.run('settle-late', {
    id,
    attempt,
    holder,
    settlement,
    afterMs: random.pick([0, 1000, 9000]),
    bucket: random.pick(buckets[settlement] ?? ['']),
    coolMs: 1500,
    code: codeOf(settlement),
    pairHits: random.int(0, 2),
    resultSuffix: `${w.callerOf(id)} -`,
    history: JSON.stringify({ attempt, outcome: settlement }),
    reason: settlement === 'failed' || settlement === 'stop' ? 'rejected' : ''
  }, id)
}

/** A message that was settled may be unsettled after this call. */
async function noteReopening (w: FuzzWorld, id: string): Promise<void> {
  if (await w.redis.hexists(w.key('backlog'), id) === 0) w.reopened.add(id)
}

export async function receipt (w: FuzzWorld, sent: { id: string, wamid: string }, attempt: number, status: string): Promise<void> {
  const args = {
    id: sent.id, attempt, status, atMs: 0, wamid: sent.wamid, history: JSON.stringify({ attempt, outcome: 'sent', providerMessageId: sent.wamid })
  }
  const reply = await w.run('receipt', { ...args, resultSuffix: '' }, sent.id)
  if (reply.status === 'needs_suffix') await w.run('receipt', { ...args, resultSuffix: `${w.callerOf(sent.id)} ${sent.wamid}` }, sent.id)
}

export async function bounce (w: FuzzWorld, sent: { id: string, wamid: string }, attempt: number): Promise<void> {
  const { random } = w
  const bucket = random.pick(['', '', 'pair', 'sender-rate', 'throughput', 'sender', 'templates', 'marketing'])
  const args = {
    id: sent.id,
    attempt,
    afterMs: random.chance(0.5) ? 2000 : '',
    bucket,
    coolMs: 1500,
    code: '131000',
    optOut: '{"by":"whatsapp"}',
    reason: 'exhausted',
    wamid: sent.wamid,
    history: JSON.stringify({ attempt, outcome: 'retryable', code: '131000', providerMessageId: sent.wamid })
  }
  await noteReopening(w, sent.id)
  let more: { payload?: string, resultSuffix?: string } = {}
  for (let call = 0; call < 3; call++) {
    const reply = await w.run('bounce', { ...args, ...more }, sent.id)
    if (reply.status === 'needs_payload') more = { ...more, payload: '["web","","n"]' }
    else if (reply.status === 'needs_suffix') more = { ...more, resultSuffix: `${w.callerOf(sent.id)} ${sent.wamid}` }
    else return
  }
  throw new TypeError('bounce.lua still asks for more')
}

export async function retry (w: FuzzWorld, id: string): Promise<void> {
  const message = w.messages.get(id)
  if (message === undefined) throw new TypeError(`${id} was never admitted`)
  const holder = w.holder()
  await noteReopening(w, id)
  const reply = await w.run('retry', {
    id,
    force: w.random.chance(0.5),
    inline: w.random.chance(0.7),
    holder,
    leaseMs: w.leaseMs,
    lifeMs: DAY_MS,
    history: w.random.chance(0.5) ? '' : '{"note":"retried"}'
  }, id)
  if (reply.status === 'granted') w.grants.push({ ...message, attempt: reply.attempt, holder })
  if (reply.status === 'expired') await w.cancel(id, 'expired')
  if (reply.status === 'unwanted') await w.cancel(id, 'cancelled')
}

export async function setCeiling (w: FuzzWorld): Promise<void> {
  const step = w.random.pick(['node', 'node', 'webhook', 'rejected', 'off'])
  const level = step === 'webhook' ? 'HIGH' : step === 'node' ? w.random.pick(['STANDARD', 'HIGH', 'COEXISTENCE', null] as const) : null
  await w.run('set-ceiling', { step, ...bucketOf(level), number: w.random.pick(['', '15550001']) })
}

/** Moves any unsettled message; a second move to the same place changes nothing. */
export async function move (w: FuzzWorld): Promise<void> {
  const { random } = w
  const ids = await w.redis.hkeys(w.key('backlog'))
  if (ids.length === 0) return
  const id = random.pick(ids)
  const args = {
    id,
    lane: random.pick([1, 2, 3, '']),
    scheduledFor: random.pick(['', '', 0, w.ms + random.int(1, 200) * 100]),
    expiresAt: random.pick(['', '', w.ms + 5000, w.ms + DAY_MS]),
    history: '{"movedBy":"web"}'
  }
  const { status } = await w.run('move', args, id)
  const repeated = status === 'moved' ? 'unchanged' : status
  const again = await w.run('move', args, id)
  if (again.status !== repeated) throw new TypeError(`a move got ${status}, and its repeat ${again.status}`)
}

export async function setDailyLimit (w: FuzzWorld): Promise<void> {
  const none = { portfolioLimit: -1, ramp: '' }
  const portfolio = w.random.pick(['-', '-', 'acme', 'other'])
  await w.run('set-daily-limit', { ...none, step: w.random.pick(['settings', 'settings', 'off']), limit: w.random.pick([1, 3, -1]), portfolio })
  const step = w.random.pick(['node', 'webhook'])
  await w.run('set-daily-limit', { ...none, step, limit: w.random.pick([2, 5, -1]), portfolio: '-' })
  const [round, share] = [w.ms + w.random.int(0, 2), w.random.pick([0, 2, 5, -1])]
  await w.run('set-share', { portfolio: 'acme', round, step: w.random.pick(['read', 'raise', 'raise', 'reduce', 'stop']), share })
}

/** What WhatsApp says of the number's health, from no cause to the worst one. */
export async function setHealth (w: FuzzWorld): Promise<void> {
  const [scope, cause] = w.random.pick([['', '-'], ['', '-'], ['sender', 'HEALTH_141014'], ['templates', 'HEALTH_141006']] as const)
  await w.run('set-health', { scope, cause, facts: w.random.pick(['{"state":"blocked","problems":[]}', '']) })
}

/** Checks of statuses, and a hold of the lane bulk: one by chance would take more messages than a run has. */
export async function watchStatuses (w: FuzzWorld): Promise<void> {
  await w.run('watch-statuses', { mostMs: w.random.pick([60_000, 600_000, 0, '']) })
  if (!w.random.chance(0.3)) return
  const hold = `${w.ms} ${w.ms * 1000 + w.random.int(0, 2_000_000)} ${w.ms + 60_000} 90`
  const words = (await w.redis.hget(w.key('sender'), 'limits') ?? '').split(' ').filter(word => word !== '' && word !== 'bulk')
  await w.redis.hset(w.key('sender'), { bulkHold: hold, limits: [...words, 'bulk'].join(' ') })
}
