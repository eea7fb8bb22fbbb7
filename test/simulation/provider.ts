/** WhatsApp behind the gateway's own exchange, start guard and classification: a dispatcher with seeded delays, responses and faults. */
import type { Dispatcher } from 'undici'
import { formatAttemptName, type Grant, type Outcome, type Provider } from '../../src/message.js'
import { buildBody } from '../../src/provider/body.js'
import { classify, toOutcome, type UntimedOutcome } from '../../src/provider/classify.js'
import { exchange } from '../../src/provider/exchange.js'
import { standardPolicy } from '../../src/provider/policy.js'
import { transportCode } from '../../src/provider/undici-errors.js'
import type { Random } from '../property/random.js'
import type { Arrived } from '../prove/history.js'
import type { SimulatedProcess } from './host.js'
import type { Fate } from './scenario.js'
import { EPOCH_MS } from './virtual-time.js'
import type { World } from './world.js'

type Handler = Dispatcher.DispatchHandler
interface Body { to: string, text?: { body: string }, biz_opaque_callback_data?: string }

const codeOf: Partial<Record<Fate, { code: number, status: number }>> = {
  temporary: { code: 131000, status: 500 },
  permanent: { code: 131026, status: 400 },
  'pair-limit': { code: 131056, status: 400 },
  'rate-limit': { code: 130429, status: 429 },
  stop: { code: 131031, status: 403 }
}
const MAX_RESPONSE_BYTES = 1_048_576

export function createProviderOf (world: () => World, random: Random): (process: SimulatedProcess) => Provider {
  let wamids = 0

  /** One request: connection, clock check, write, arrival, response. Each is an event of its own, so that faults fall between them. */
  function dispatch (process: SimulatedProcess, sender: string, { opaque, body }: { opaque: string, body: Body }, handler: Handler): void {
    const { time, record, scenario } = world()
    const { fates, slowConnect } = scenario
    const down = (): Fate | undefined =>
      scenario.outages.find(({ atMs, forMs }) => time.now() >= EPOCH_MS + atMs && time.now() < EPOCH_MS + atMs + forMs)?.fate
    let isAborted = false
    let hasStarted = false
    const controller = {
      abort (error: Error) {
        if (isAborted) return
        isAborted = true
        handler.onResponseError?.(controller, error)
      }
    } as Dispatcher.DispatchController
    const connectMs = random.chance(slowConnect) ? random.int(100, 400) : random.int(0, 2)
    const noteConnection = (isMade: boolean): void => record({ fact: 'connection', at: time.now(), node: process.name, isMade })
    if (down() === 'connection refused' || random.chance(fates['connection refused'] ?? 0)) {
      time.after(connectMs, () => process.receive(() => {
        noteConnection(false)
        controller.abort(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
      }))
      return
    }
    time.after(connectMs, () => process.receive(() => {
      noteConnection(true)
      try {
        handler.onRequestStart?.(controller, {})
        hasStarted = true
      } catch (error) {
        controller.abort(error as Error)
      }
      if (!hasStarted) return
      record({ fact: 'checked', from: time.now(), at: time.now(), node: process.name, opaque })
      write()
    }))

    function write (): void {
      if (random.chance(0.05)) time.after(1, () => process.receive(written))
      else written()
    }

    function written (): void {
      if (isAborted) return
      record({ fact: 'written', from: time.now(), at: time.now(), node: process.name, opaque })
      time.after(random.int(1, 30), arrive)
    }

    function arrive (): void {
      const drawn = draw(random, fates)
      const fate = down() ?? drawn
      const at = time.now()
      const error = codeOf[fate]
      const isAccepted = fate === 'accepted' || fate === 'accepted without response' || fate === 'accepted and reset'
      const outcome = isAccepted ? 'accepted' : error !== undefined ? 'rejected' : fate === 'hang' ? 'hung' : 'reset'
      const wamid = isAccepted ? `wamid.${++wamids}` : null
      const arrived: Arrived = {
        fact: 'arrived',
        at,
        key: body.text?.body ?? '',
        pair: `${sender}/${body.to.replace(/\D/g, '')}`,
        opaque,
        outcome,
        code: error?.code ?? null,
        httpStatus: error?.status ?? (isAccepted ? 200 : null),
        wamid
      }
      record(arrived)
      if (isAccepted) world().follow(arrived)
      if (fate === 'hang' || fate === 'accepted without response') return
      time.after(random.chance(0.05) ? random.int(100, 600) : random.int(1, 60), () => process.receive(() => respond(fate, error, wamid)))
    }

    function respond (fate: Fate, error: { code: number, status: number } | undefined, wamid: string | null): void {
      if (isAborted) return
      if (fate === 'reset' || fate === 'accepted and reset') {
        controller.abort(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
        return
      }
      const status = error?.status ?? 200
      record({ fact: 'answered', at: time.now(), node: process.name, opaque, status })
      const json = error === undefined
        ? { messaging_product: 'whatsapp', contacts: [{ input: body.to, wa_id: body.to.replace(/\D/g, '') }], messages: [{ id: wamid }] }
        : { error: { message: `(#${error.code})`, code: error.code } }
      handler.onResponseStart?.(controller, status, { 'content-type': 'application/json' })
      handler.onResponseData?.(controller, Buffer.from(JSON.stringify(json)))
      handler.onResponseEnd?.(controller, {})
      isAborted = true
    }
  }

  async function send (process: SimulatedProcess, grant: Grant, onStart?: () => void): Promise<Outcome> {
    const body = JSON.parse(buildBody(grant)) as Body
    const request = { opaque: body.biz_opaque_callback_data ?? formatAttemptName(grant), body }
    const dispatcher = {
      dispatch (_: unknown, handler: Handler) {
        dispatch(process, grant.sender, request, handler)
        return true
      }
    } as unknown as Dispatcher
    const { sendTimeoutMs } = world().scenario.settings
    const result = await exchange(dispatcher, { path: '/messages', method: 'POST' }, {
      startBy: grant.startBy, sendTimeoutMs, maxResponseBytes: MAX_RESPONSE_BYTES, onStart
    })
    const { startedAt, endedAt } = result
    return {
      startedAfterMs: startedAt === null ? null : startedAt - grant.askedAt,
      durationMs: startedAt === null ? 0 : endedAt - startedAt,
      ...outcomeOf('response' in result ? result.response : null, 'error' in result ? result.error : null, startedAt !== null, grant.pairHits)
    }
  }

  return process => ({
    send: async (grant, onStart) => await send(process, grant, onStart),
    pass: async () => ({ status: 'failed', code: 'NOT_STARTED' }),
    close: async () => undefined
  })
}

function outcomeOf (response: Parameters<typeof classify>[0] | null, error: unknown, hasStarted: boolean, pairHits: number): UntimedOutcome {
  if (response !== null) return classify(response, standardPolicy, pairHits)
  const code = transportCode(error, hasStarted)
  return toOutcome(standardPolicy.rowOf(code), code, error instanceof Error ? error.message : '')
}

function draw (random: Random, fates: Partial<Record<Fate, number>>): Fate {
  let left = random.next()
  for (const [fate, share] of Object.entries(fates) as Array<[Fate, number]>) {
    if (fate === 'connection refused') continue
    left -= share
    if (left < 0) return fate
  }
  return 'accepted'
}
