/** What must hold after every call of every script, by reading Redis only: nothing here comes from the scripts or the doctor. */
import { judgeCounts } from './counts.js'
import { LANES, RECIPIENTS, type FuzzWorld } from './world.js'

const ZSETS = [
  'inflight', 'scheduled', 'unknown', 'failures', 'retries', 'resolved', 'failed', 'unacknowledged', 'unconfirmed', 'expiry', 'callbacks-due',
  'callbacks-retries', 'callbacks-since', 'parked', 'suspended'
] as const

export interface Judged { violations: string[], entries: { ids: string[], members: Array<[lane: number, member: string]>, names: string[] } }

/** Violations, one sentence each; and everything that was read, for the doctor's checks. */
export async function judge (w: FuzzWorld): Promise<Judged> {
  const { redis } = w
  const lists = await Promise.all(ZSETS.map(async name => new Set(await redis.zrange(w.key(name), 0, -1))))
  const sets = Object.fromEntries(ZSETS.map((name, i) => [name, lists[i] ?? new Set<string>()])) as Record<typeof ZSETS[number], Set<string>>
  const [queues, readys, shares, backlog, grants, records, callbacks, bodies] = await Promise.all([
    Promise.all(LANES.map(async lane => await redis.zrange(w.key(`queue:${lane}`), 0, -1))),
    Promise.all(LANES.map(async lane => await redis.zrange(w.key(`ready:${lane}`), 0, -1, 'WITHSCORES'))),
    redis.hgetall(w.key('shares')),
    redis.hgetall(w.key('backlog')),
    redis.hgetall(w.key('grants')),
    redis.hkeys(w.key('failure-records')),
    redis.hkeys(w.key('callbacks')),
    redis.hkeys(w.key('parked-bodies'))
  ])
  const found: string[] = []
  const places = new Map<string, string[]>()
  const put = (id: string, place: string): void => { places.set(id, [...places.get(id) ?? [], place]) }
  for (const [i, lane] of LANES.entries()) for (const member of queues[i] ?? []) put(idOf(member), `queue:${lane}`)
  const granted = new Map(Object.entries(grants).map(([recipient, text]) => [text.split(' ')[0] ?? '', recipient]))
  for (const id of granted.keys()) put(id, 'grants')
  const scheduled = [...sets.scheduled]
  for (const member of scheduled) put(idOf(member), 'scheduled')
  // What waits for a stop has a second entry, by its recipient.
  const isSecond = (member: string): boolean => /^\*[^:]/.test(member)
  for (const member of sets.suspended) if (!isSecond(member)) put(idOf(member), 'suspended')
  const [byNumber, byRecipient] = [(member: string) => member.startsWith('*:'), isSecond]
    .map(isMeant => [...sets.suspended].filter(isMeant).map(member => member.slice(member.indexOf(':'))).sort().join(' '))
  if (byNumber !== byRecipient) found.push(`suspended by a stop: ${byNumber}; of these by recipient: ${byRecipient}`)
  for (const name of ['unknown', 'failures'] as const) for (const id of sets[name]) put(id, name)

  for (const id of Object.keys(backlog)) {
    const holders = places.get(id) ?? []
    if (holders.length !== 1) found.push(`${id} is unsettled and in [${holders.join()}]`)
    if (!sets.expiry.has(id) && holders[0] !== 'grants') found.push(`${id} is in ${holders.join()} and never expires`)
    for (const name of ['resolved', 'failed', 'unconfirmed'] as const) if (sets[name].has(id)) found.push(`${id} is unsettled and in ${name}`)
    // A failure whose retry has begun. In flight, the attempt does not count yet; of unknown outcome, it does.
    const attempts = Number(backlog[id]?.split('\n')[0]?.replace(/ @\S+$/, '').split(' ')[4] ?? 0) - (holders[0] === 'unknown' ? 1 : 0)
    const isRetry = holders[0] !== 'failures' && attempts > 0
    if (isRetry !== sets.retries.has(id)) found.push(`${id} is in ${holders.join()} after ${attempts} attempts, and ${isRetry ? 'no' : 'a'} retry`)
  }
  for (const id of sets.retries) if (!(id in backlog)) found.push(`${id} is a retry without a record`)
  // A receipt settles a message while its next attempt is in flight: then only the grant is left of it.
  for (const [id, holders] of places) {
    if (!(id in backlog) && holders.join() !== 'grants') found.push(`${id} is in [${holders.join()}] without a record`)
    if (!(id in backlog) && sets.failed.has(id)) found.push(`${id} is failed and in flight`)
  }
  for (const id of sets.expiry) if (!(id in backlog)) found.push(`${id} expires and has no record`)
  const inFlight = [...sets.inflight].sort().join()
  if ([...granted.keys()].sort().join() !== inFlight) found.push(`grants of ${[...granted.keys()].sort().join()}, in flight ${inFlight}`)

  for (const recipient of RECIPIENTS) {
    const head = queues.findIndex(queue => queue.some(member => member.startsWith(`${recipient}:`)))
    const has = LANES.filter((_, i) => readys[i]?.includes(recipient))
    const wanted = recipient in grants || head < 0 ? [] : [LANES[head]]
    if (has.join() !== wanted.join()) found.push(`${recipient} is ready in [${has.join()}], not in [${wanted.join()}]`)
  }

  for (const [i, lane] of LANES.entries()) {
    const fields = Object.entries(shares).filter(([field]) => field.startsWith(String(i + 1)))
    const places = fields.map(([, share]) => Number(share.split(' ')[0]))
    if (new Set(places).size < places.length) found.push(`shares have the same place in ${lane}: ${places.join()}`)
    for (const score of readys[i]?.filter((_, at) => at % 2 === 1).map(Number) ?? []) {
      // Places have 2^45 scores each, from -2^53 on.
      const hasPlace = score >= 0 || places.includes(Math.floor((score + 2 ** 53) / 2 ** 45))
      if (!hasPlace) found.push(`a ready time in ${lane} is ${score}, places ${places.join()}`)
    }
  }

  for (const id of records) {
    if (!sets.resolved.has(id) && !sets.failed.has(id) && !sets.unconfirmed.has(id)) found.push(`the failure record of ${id} is in no set`)
  }
  for (const name of ['resolved', 'failed', 'unconfirmed'] as const) {
    for (const id of sets[name]) if (!records.includes(id)) found.push(`${id} is ${name} without record`)
  }
  for (const id of sets.unacknowledged) if (!sets.failed.has(id)) found.push(`${id} is unacknowledged and has not failed`)
  for (const id of sets.failed) if (sets.resolved.has(id)) found.push(`${id} is failed and resolved`)

  const due = [...sets['callbacks-due'], ...sets['callbacks-retries']]
  for (const names of [due, [...sets['callbacks-since']]]) {
    if (names.sort().join() !== [...callbacks].sort().join()) found.push(`callbacks ${callbacks.join()}, due or since ${names.join()}`)
  }
  if ([...sets.parked].sort().join() !== [...bodies].sort().join()) found.push(`parked ${[...sets.parked].join()}, bodies ${bodies.join()}`)
  const inSets = ZSETS.slice(0, ZSETS.indexOf('callbacks-due')).flatMap(name => [...sets[name]].map(idOf))
  return {
    violations: [...found, ...await fatesOf(w, backlog), ...await judgeCounts(w, backlog)],
    entries: {
      ids: [...new Set([...Object.keys(backlog), ...granted.keys(), ...records, ...inSets, ...w.messages.keys()])],
      members: [scheduled, ...queues, [...sets.suspended]].flatMap((queue, lane) => queue.map((member): [number, string] => [lane, member])),
      names: [...callbacks, ...bodies, ...due, ...sets.parked]
    }
  }
}

/** Of a member of a queue or of the schedule; an id has no colon. */
const idOf = (member: string): string => member.split(':').at(-1) ?? ''

/** Every admitted message is unsettled or has a result, as long as its key is remembered and was not used again. */
async function fatesOf (w: FuzzWorld, backlog: Record<string, string>): Promise<string[]> {
  const ids = [...w.messages.keys()]
  const marks = ids.length === 0 ? [] : await w.redis.mget(...ids.map(id => w.key('msg', id)))
  return ids.flatMap((id, i) => {
    const [letter = '', generation] = marks[i]?.split(' ') ?? []
    const isOwn = generation === id.split('.')[1]
    if (id in backlog) {
      const isForgotten = letter === '' && !w.reopened.has(id)
      return isForgotten || (isOwn && letter !== 'w') ? [`${id} is unsettled and its key says "${letter}"`] : []
    }
    return isOwn && letter === 'w' ? [`${id} is lost: its key is remembered, and nothing else is`] : []
  })
}
