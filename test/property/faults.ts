import { senderQuota } from '../../src/throttle/quota.js'
import { applyWakeHint } from './drain.js'
import { createRandom, type Random } from './random.js'
import { drawRules } from './scenario.js'
import type { World } from './world.js'

/** Injects faults and runs operators' actions, as long as messages arrive. */
export function startFaults (world: World): void {
  const { outage, down, crash, pause, clear, restart, rules } = world.scenario.perMinute
  often(world, down, () => { world.downUntil = world.now + world.random.logInt(200, 60_000) * 1000 })
  often(world, outage, () => { world.drainDownUntil = world.now + world.random.logInt(20, 10_000) * 1000 })
  often(world, crash, () => {
    for (const drainRun of world.drainRuns) drainRun.crash()
  })
  often(world, pause, async () => await pauseSender(world))
  often(world, clear, async () => await clearPair(world))
  often(world, rules, async () => await changeRules(world))
  // With randomness of its own, so that rounds of former seeds stay as they were.
  const random = createRandom(world.scenario.meanGapUs)
  often(world, rules, async () => await changeCeiling(world, random), random)
  often(world, restart, async () => {
    world.runId = `run${world.random.int(1, 1e9)}`
    if (world.scenario.emptied) await world.forget(['pair-tat', 'sender-tat'])
  })
}

function often (world: World, perMinute: number, run: () => void | Promise<void>, random = world.random): void {
  if (perMinute === 0) return
  world.at(world.now + random.gap(60e6 / perMinute), async () => {
    if (world.arrivals <= 0) return
    await run()
    often(world, perMinute, run, random)
  }, false)
}

async function clearPair (world: World): Promise<void> {
  const recipient = `p49${world.scenario.recipients.draw(world.random)}`
  const { wakeHint } = await world.run('clear', { sender: world.sender }, { recipient })
  world.record({ fact: 'cleared', at: world.now, recipient })
  applyWakeHint(world, wakeHint)
}

/** The load of a round fits its first rules, so the others are at most three times as strict. */
async function changeRules (world: World): Promise<void> {
  const { random, scenario: { rules: first } } = world
  const drawn = drawRules(random)
  const rules = {
    pairIntervalMs: Math.min(drawn.pairIntervalMs, 3 * first.pairIntervalMs),
    pairBurst: drawn.pairBurst,
    perSecond: Math.max(drawn.perSecond, Math.ceil(first.perSecond / 3))
  }
  const { intervalUs, burst } = senderQuota(rules.perSecond)
  await world.run('quota', { sender: world.sender }, {
    operator: true,
    settings: '',
    pairIntervalUs: rules.pairIntervalMs * 1000,
    pairBurst: rules.pairBurst,
    senderIntervalUs: intervalUs,
    senderBurst: burst,
    maxInFlight: first.maxInFlight,
    perSecond: rules.perSecond
  })
  world.record({ fact: 'rules', at: world.now, rules })
}

/** WhatsApp's limit of the number is another one, or none is known. As strict as other rules at most. */
async function changeCeiling (world: World, random: Random): Promise<void> {
  const { perSecond: first } = world.scenario.rules
  const perSecond = random.chance(0.3) ? null : random.int(Math.ceil(first / 3), Math.ceil(first * 1.2))
  const quota = perSecond === null ? null : senderQuota(perSecond)
  await world.run('set-ceiling', { sender: world.sender }, {
    step: 'node', level: 'STANDARD', perSecond: perSecond ?? '', intervalUs: quota?.intervalUs ?? '', burst: quota?.burst ?? '', number: ''
  })
  world.record({ fact: 'ceiling', at: world.now, perSecond })
}

/** For a while, or without an end and resumed by an operator later; also over another pause. */
async function pauseSender (world: World): Promise<void> {
  const forMs = world.random.chance(0.5) ? world.random.logInt(50, 8000) : null
  await world.run('pause', { sender: world.sender }, { state: 'paused', forMs: forMs ?? '', reason: 'test' })
  world.record({ fact: 'paused', at: world.now, until: forMs === null ? null : world.now + forMs * 1000 })
  if (forMs !== null && world.random.chance(0.7)) return
  world.at(world.now + world.random.logInt(50, 8000) * 1000, async () => {
    const { wakeHint } = await world.run('pause', { sender: world.sender }, { state: 'active', forMs: '', reason: '' })
    world.record({ fact: 'resumed', at: world.now })
    applyWakeHint(world, wakeHint)
  })
}
