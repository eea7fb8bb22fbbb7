import type { Replies } from '../../src/redis/commands.js'
import { applyWakeHint } from './drain.js'
import { LIFE_MS } from './keeper.js'
import { move } from './moves.js'
import { deliver } from './node.js'
import type { Post, World } from './world.js'

/** Options of a request besides the message itself. */
interface Draft { inline: boolean, whenLimited: 'wait' | 'reject', lifeMs: number, scheduledMs: number | null }

/** Starts the traffic of a round: single messages, bursts to one recipient, or a campaign beside single messages. */
export function startArrivals (world: World): void {
  const { pattern, meanGapUs, recipients, lanes } = world.scenario
  if (pattern === 'campaign') {
    const share = Math.floor(world.arrivals * 0.6)
    const at = world.now + world.random.gap(10_000_000)
    world.arrivals -= share
    for (let n = 0; n < share; n++) world.at(at + n * 100, async () => await post(world, recipients.draw(world.random), lanes ? 3 : 2))
  }
  const next = (): void => {
    if (world.arrivals <= 0) return
    const size = pattern === 'bursts' ? Math.min(world.arrivals, world.random.int(1, 8)) : 1
    const recipient = recipients.draw(world.random)
    world.at(world.now + world.random.gap(meanGapUs * size), async () => {
      world.arrivals -= size
      for (let n = 0; n < size; n++) await post(world, recipient, lanes ? world.random.pick([1, 2, 2, 2, 3, 3]) : 2)
      next()
    })
  }
  next()
}

function post (world: World, recipient: number, lane: number): void {
  const { random, scenario } = world
  const digest = Array.from({ length: 22 }, () => random.int(0, 35).toString(36)).join('')
  const inline = random.chance(scenario.inline)
  const draft: Draft = {
    inline,
    whenLimited: inline && random.chance(scenario.reject) ? 'reject' : 'wait',
    lifeMs: random.chance(scenario.shortLife) ? random.logInt(500, 60_000) : LIFE_MS,
    scheduledMs: random.chance(scenario.scheduled) ? scheduledMoment(Math.floor(world.now / 1000) + random.logInt(1, 60_000)) : null
  }
  const names = Object.keys(scenario.callers.weights)
  const caller = names[(scenario.callers.mixed ? digest.charCodeAt(0) : recipient) % names.length] ?? ''
  const campaign = campaignOf(scenario.callers.mixed ? digest.charCodeAt(1) : Math.floor(recipient / names.length), scenario.callers.campaigns)
  send(world, { digest, fingerprint: 'f00d', recipient: `p49${recipient}`, lane, caller, campaign }, draft)
}

/** Most people schedule for a full hour: every other moment here is a full minute, so that many messages share one. */
function scheduledMoment (ms: number): number {
  return ms % 2 === 0 ? ms : Math.ceil(ms / 60_000) * 60_000
}

/** One of so many campaigns, or none. */
function campaignOf (n: number, campaigns: number): string {
  const at = n % (campaigns + 1)
  return at === 0 ? '' : `s${at}`
}

/** As the mark of a record has it. */
const markOf = (campaign: string): string => campaign === '' ? '' : `#${campaign}`

/** As the gateway names a caller where there are several. */
function callerOf ({ scenario: { callers: { weights } } }: World, caller: string): string {
  const weight = weights[caller] ?? 1
  return weight === 1 ? caller : `${caller}*${weight}`
}

/** Calls admit; the call and its reply each have a delay. */
function send (world: World, post: Post, draft: Draft): void {
  const askedAt = world.now
  world.at(world.now + world.lag(), async () => {
    const terms = world.terms()
    const { rules } = world.scenario
    const reply = await world.run(
      'admit',
      { sender: world.sender, digest: post.digest },
      {
        digest: post.digest,
        fingerprint: post.fingerprint,
        recipient: post.recipient,
        lane: post.lane,
        payload: '{"message":"hello"}',
        caller: callerOf(world, post.caller),
        template: markOf(post.campaign),
        inline: draft.inline,
        whenLimited: draft.whenLimited,
        lifeMs: draft.lifeMs,
        scheduledFor: draft.scheduledMs ?? '',
        windowMs: LIFE_MS,
        queueCap: rules.queueCap,
        backlogCap: rules.backlogCap,
        ...terms
      }
    )
    await world.readSender()
    if (reply.status === 'rejected') {
      applyWakeHint(world, reply.wakeHint ?? '')
      world.record({
        fact: 'refused',
        at: world.now,
        recipient: post.recipient,
        lane: post.lane,
        code: reply.code,
        inline: draft.inline,
        waitUs: reply.waitUs,
        lifeMs: draft.lifeMs
      })
      return
    }
    if (reply.status !== 'granted' && reply.status !== 'queued' && reply.status !== 'scheduled') throw new Error(`admit returned ${reply.status}`)
    const id = `${post.digest}.${reply.generation}`
    world.posts.set(id, post)
    world.unsettled.add(id)
    const lost = world.losesReply()
    admitted(world, id, post, draft, reply, lost)
    if (lost) world.lose(terms.holder)
    if (reply.wakeHint === 'enqueue') world.drainRequested()
    if (!lost) applyWakeHint(world, reply.wakeHint ?? '')
    if (reply.status === 'granted' && !lost) {
      const grant = { id, recipient: post.recipient, attempt: 1, stops: 0, askedAt, holder: terms.holder }
      world.at(world.now + world.lag(), () => deliver(world, grant))
    }
    follow(world, id, post, draft, lost)
  })
}

type Admitted = Extract<Replies['admit'], { status: 'granted' | 'queued' | 'scheduled' }>

function admitted (world: World, id: string, { recipient, lane, caller, campaign }: Post, draft: Draft, reply: Admitted, lost: boolean): void {
  const nowMs = Math.floor(world.now / 1000)
  const scheduledMs = reply.status === 'scheduled' ? draft.scheduledMs : null
  world.record({
    fact: 'admitted',
    at: world.now,
    id,
    recipient,
    lane,
    share: caller + markOf(campaign),
    inline: draft.inline,
    scheduledMs,
    expiresMs: (scheduledMs ?? nowMs) + draft.lifeMs,
    as: reply.status,
    wait: reply.status === 'queued' && !lost ? { us: reply.waitUs, waitingFor: reply.waitingFor } : null
  })
  if (reply.status === 'granted') world.record({ fact: 'granted', at: world.now, id, attempt: 1, by: 'admit' })
}

/** What a caller may do later: repeat the request, with the same content or other, and cancel. */
function follow (world: World, id: string, post: Post, draft: Draft, lost: boolean): void {
  const { random, scenario } = world
  if (lost || random.chance(scenario.repeat)) world.at(world.now + random.gap(2_000_000), async () => await repeat(world, post, draft))
  if (random.chance(scenario.cancel)) world.at(world.now + random.gap(4_000_000), async () => await close(world, id, 'cancelled'))
  for (let n = 0; scenario.move !== undefined && n < 3; n++) {
    if (random.chance(scenario.move)) world.at(world.now + random.gap(3_000_000), async () => await move(world, id))
  }
}

async function repeat (world: World, post: Post, draft: Draft): Promise<void> {
  const other = world.random.chance(0.2)
  const reply = await world.run(
    'admit',
    { sender: world.sender, digest: post.digest },
    {
      digest: post.digest,
      fingerprint: other ? 'beef' : post.fingerprint,
      recipient: post.recipient,
      lane: post.lane,
      payload: '{}',
      caller: callerOf(world, post.caller),
      template: markOf(post.campaign),
      inline: true,
      whenLimited: 'wait',
      lifeMs: draft.lifeMs,
      scheduledFor: '',
      windowMs: LIFE_MS,
      queueCap: 1000,
      backlogCap: 1_000_000,
      ...world.terms()
    }
  )
  await world.readSender()
  if ('wakeHint' in reply) applyWakeHint(world, reply.wakeHint ?? '')
  world.record({ fact: 'repeated', at: world.now, expected: other ? 'reused' : 'duplicate', status: reply.status })
}

/** Cancels a waiting message: by its caller, or because its lifetime is over. */
export async function close (world: World, id: string, reason: 'cancelled' | 'expired'): Promise<void> {
  const reply = await world.run(
    'cancel',
    { sender: world.sender, digest: world.posts.get(id)?.digest ?? '' },
    { id, reason, resultSuffix: 'tester -', history: '{"outcome":"closed"}' }
  )
  if (reply.status !== 'done') {
    world.record({ fact: 'spared', at: world.now, id, status: reply.status })
    return
  }
  world.record({ fact: 'closed', at: world.now, id, reason })
  world.unsettled.delete(id)
  world.failures.delete(id)
  applyWakeHint(world, reply.wakeHint)
}
