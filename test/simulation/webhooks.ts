/** Webhook statuses of accepted messages: early, late, repeated, out of order, failed after they were accepted. Posted until a node takes them. */
import { createHmac } from 'node:crypto'
import { createReceive, type Receive } from '../../src/webhooks/receive.js'
import type { Random } from '../property/random.js'
import { senderOf, type Arrived, type StatusPosted } from '../prove/history.js'
import { ask } from './callers.js'
import type { RunningNode } from './node.js'
import { APP_SECRET } from './scenario.js'
import type { World } from './world.js'

type Status = Pick<StatusPosted, 'key' | 'opaque' | 'wamid' | 'kind' | 'code'> & { sender: string }

export interface Webhooks {
  follow: (arrived: Arrived) => void
  /** Statuses that no node has taken yet. */
  left: () => number
}

const LATEST_MS = 8000
const FAILING = 0.06
const codes = [131000, 131000, 131026]

export function createWebhooks (world: () => World, random: Random): Webhooks {
  const receivers = new WeakMap<RunningNode, Receive>()
  let open = 0

  function receiverOf (node: RunningNode): Receive {
    const known = receivers.get(node) ?? createReceive(node.deps)
    receivers.set(node, known)
    return known
  }

  async function post (status: Status): Promise<void> {
    const { time, record, nodes } = world()
    const body = Buffer.from(JSON.stringify(toNotification(status, time.now())))
    const signature = `sha256=${createHmac('sha256', APP_SECRET).update(body).digest('hex')}`
    for (let tries = 0; ; tries++) {
      const askedAt = time.now()
      const { status: http } = await ask(world(), nodes.length === 0 ? undefined : random.pick(nodes), async node => {
        await receiverOf(node)(body, signature)
        return { status: 200, body: {} }
      })
      const { key, opaque, wamid, kind, code } = status
      record({ fact: 'status-posted', askedAt, at: time.now(), http, key, opaque, wamid, kind, code })
      if (http === 200 || (http >= 400 && http < 500 && http !== 408 && http !== 429)) break
      await time.sleep(Math.min(4000, 250 * 2 ** tries))
    }
    open--
  }

  function plan ({ key, opaque, pair, wamid }: Arrived, kind: Status['kind'], delayMs: number, code: number | null = null): void {
    if (wamid === null || wamid === undefined) return
    const status = { key, opaque, wamid, kind, code, sender: senderOf(pair) }
    for (const ms of random.chance(0.1) ? [delayMs, delayMs + random.int(0, 4000)] : [delayMs]) {
      open++
      world().time.after(ms, () => { post(status).catch(() => undefined) })
    }
  }

  /** Most come soon, some before the response, some long after. */
  function delay (soonMs: number): number {
    return random.chance(0.15) ? random.int(0, 30) : random.chance(0.15) ? random.int(2000, LATEST_MS) : Math.min(LATEST_MS, random.gap(soonMs))
  }

  return {
    left: () => open,
    follow (arrived) {
      if (!world().scenario.webhooks) return
      if (random.chance(FAILING)) return plan(arrived, 'failed', delay(1500), random.pick(codes))
      if (random.chance(0.8)) plan(arrived, 'sent', delay(300))
      if (random.chance(0.6)) plan(arrived, 'delivered', delay(1500))
      if (random.chance(0.3)) plan(arrived, 'read', delay(3000))
    }
  }
}

function toNotification ({ sender, wamid, kind, opaque, code }: Status, nowMs: number): unknown {
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550783881', phone_number_id: sender },
    statuses: [{
      id: wamid,
      status: kind,
      timestamp: String(Math.floor(nowMs / 1000)),
      recipient_id: '15550000000',
      biz_opaque_callback_data: opaque,
      ...(code === null ? {} : { errors: [{ code, title: 'Not delivered' }] })
    }]
  }
  return { object: 'whatsapp_business_account', entry: [{ id: '1', changes: [{ field: 'messages', value }] }] }
}
