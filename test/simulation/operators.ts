/** Operators at work: they pause senders, change rules, cancel and retry messages, record opt-outs and clear pairs. */
import { cancelledBy, closeAll, closeMessage, optedOut } from '../../src/drain/close.js'
import { SluiceError } from '../../src/errors.js'
import { digest } from '../../src/admission/key.js'
import { retryAll, retryOne } from '../../src/failure/retry.js'
import { inspectMessage } from '../../src/settlement/inspect.js'
import { resumeMarketing, stopMarketing } from '../../src/throttle/opt-outs.js'
import { pauseSender, resumeSender, changeRules, clearRateLimit } from '../../src/throttle/sender.js'
import type { Random } from '../property/random.js'
import type { Operated } from '../prove/history.js'
import { ask, isConclusive } from './callers.js'
import type { Deps } from './node.js'
import type { Action, Draft } from './scenario.js'
import type { World } from './world.js'

type Operation = Pick<Operated, 'action' | 'sender'> & Partial<Pick<Operated, 'key' | 'pair' | 'rules'>>
type Work = (deps: Deps) => Promise<unknown>

export interface Operators { left: () => number }

const REPEAT_MS = [50, 600] as const
/** Longer than any fault: what a node took up late has taken effect. */
const LATE_REQUEST_MS = 20_000

/** The actions of a sender come one after the other. */
export function startOperators (world: World, random: Random): Operators {
  const { time, record, nodes, scenario } = world
  const last = new Map<string, Promise<void>>()
  let open = scenario.actions.length

  /** Repeated until it is done or refused. Returns whether an earlier request may still take effect. */
  async function operate (operation: Operation, work: Work): Promise<boolean> {
    for (let isLate = false; ; isLate = true) {
      const askedAt = time.now()
      const { status: http } = await ask(world, nodes.length === 0 ? undefined : random.pick(nodes), async ({ deps }) => {
        await work(deps)
        return { status: 200, body: {} }
      })
      record({ fact: 'operated', askedAt, at: time.now(), http, ...operation })
      if (isConclusive(http)) return isLate
      await time.sleep(random.int(...REPEAT_MS))
    }
  }

  async function pause (sender: string, forMs: number): Promise<void> {
    const resume = async (): Promise<boolean> => await operate({ action: 'resume', sender }, async ({ store }) => await resumeSender(store, sender))
    const isLate = await operate({ action: 'pause', sender }, async ({ store }) => await pauseSender(store, sender, 'operator'))
    await time.sleep(forMs)
    await resume()
    if (!isLate) return
    // A pause that takes effect after that is seen, and ended.
    await time.sleep(LATE_REQUEST_MS)
    await resume()
  }

  async function act ({ kind, sender, forMs }: Action): Promise<unknown> {
    const mine = scenario.drafts.filter(draft => draft.sender === sender)
    const draft = mine.length === 0 ? undefined : random.pick(mine)
    switch (kind) {
      case 'pause': return await pause(sender, forMs)
      case 'rules': {
        const [intervalMs, burst] = [random.pick([500, 1000, 2000, 4000]), random.pick([1, 1, 3])]
        return await operate({ action: 'rules', sender, rules: { intervalMs, burst } }, async ({ store }) =>
          await changeRules(store, sender, { pairIntervalMs: intervalMs, pairBurst: burst }))
      }
      case 'retry all':
        // Not forced: as the retry worker does it, at another time and place.
        return await operate({ action: 'retry', sender }, async deps =>
          await retryAll(deps, [sender], { limit: 100, force: false, by: 'operator' }))
    }
    if (draft === undefined) return undefined
    const { key, to } = draft
    const pair = `${sender}/${to}`
    switch (kind) {
      case 'cancel': return await operate({ action: 'cancel', sender, key }, async deps => await cancelOne(deps, draft))
      case 'retry': return await operate({ action: 'retry', sender, key }, async deps => await retry(deps, draft))
      case 'clear': return await operate({ action: 'clear', sender, pair }, async ({ store }) => await clearRateLimit(store, sender, `p${to}`))
      case 'opt-out':
        await operate({ action: 'opt-out', sender, pair }, async deps => await optOut(deps, sender, `p${to}`))
        await time.sleep(forMs)
        return await operate({ action: 'opt-in', sender, pair }, async ({ store }) => await resumeMarketing(store, sender, `p${to}`))
      default: kind satisfies never
    }
  }

  for (const action of scenario.actions) {
    const before = last.get(action.sender)
    last.set(action.sender, (async () => {
      await time.sleep(action.atMs)
      await before
      await act(action)
      open--
    })())
  }
  return { left: () => open }
}

/** The three below do what the routes do. */
async function cancelOne (deps: Deps, { sender, key }: Draft): Promise<void> {
  const view = await inspectMessage(deps.store, sender, { digest: digest(sender, 'caller', key) })
  if (view === null) throw new SluiceError('NOT_FOUND')
  const result = view.payload === null ? 'gone' : await closeMessage(deps, sender, view.id, cancelledBy('operator'), view.payload)
  if (result !== 'done') throw new SluiceError('NOT_CANCELLABLE')
}

async function retry (deps: Deps, { sender, key }: Draft): Promise<void> {
  const view = await inspectMessage(deps.store, sender, { digest: digest(sender, 'caller', key) })
  if (view === null || await retryOne(deps, sender, view.id, { force: true, by: 'operator' }) === 'gone') throw new SluiceError('NOT_FOUND')
}

async function optOut (deps: Deps, sender: string, recipient: string): Promise<void> {
  const { waiting } = await stopMarketing(deps.store, sender, recipient, { by: 'operator', reason: 'asked by phone' })
  await closeAll(deps, sender, waiting, optedOut)
}
