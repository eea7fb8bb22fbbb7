/**
 * One node of the gateway inside the test's process, with the sandbox as its WhatsApp.
 *
 *     const node = await startNode(t, { redisUrl: redis.url, apiUrl: sandbox.url })
 *     const { status, body } = await node.send('+15550000001')
 */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { readConfig } from '../../src/config.js'
import { createBus, type Bus, type Events } from '../../src/events.js'
import { createGateway, type Gateway } from '../../src/gateway.js'
import { createLog } from '../../src/metrics/log.js'
import { logEvents } from '../../src/metrics/logs.js'
import { createPrefix } from './redis.js'
import { createCaller, type Caller } from './request.js'

/** The API keys of every test node: two callers that send, one that reads, one admin. */
export const keys = {
  app: 'app-key-0123456789', shop: 'shop-key-0123456789', viewer: 'viewer-key-0123456789', operator: 'operator-key-0123456789'
} as const

export const apiKeys = `app:${keys.app}:send,shop:${keys.shop}:send,viewer:${keys.viewer}:read,operator:${keys.operator}:admin`

/** The sender of the tests. */
export const SENDER = '111'

/** Settings of a quick test. The test itself sets what it is about. */
const quick = {
  PORT: '0',
  HOST: '127.0.0.1',
  API_KEYS: apiKeys,
  WHATSAPP_PHONE_NUMBER_ID: SENDER,
  WHATSAPP_ACCESS_TOKEN: 'token',
  LOG_LEVEL: 'silent',
  WHATSAPP_SENDER_RATE_PER_SECOND: '1000',
  SHUTDOWN_GRACE_MS: '3000',
  SHUTDOWN_NOTICE_MS: '0',
  // Many tests let several messages fail in a row, which opens the circuit. Tests of an outage enable it.
  CIRCUIT_RECIPIENTS: '0',
  // Stand-ins for WhatsApp's API count the requests that they get. test/provider/preflight.test.ts enables it, and test/flow/ceilings.test.ts.
  WHATSAPP_START_CHECK: 'false',
  THROUGHPUT_POLL_MS: '0'
}

export interface NodeOptions {
  redisUrl: string
  /** Base URL of the sandbox. */
  apiUrl: string
  /** A new one by default; nodes that share their data share it. */
  prefix?: string
  env?: Record<string, string>
  /** Gets every log line; by default none is written. */
  onLog?: (line: string) => void
}

export interface Node extends Caller {
  /** Without the path of the API. */
  origin: string
  prefix: string
  gateway: Gateway
  events: Bus
  /** All events of this name since the start. */
  seen: <Name extends keyof Events>(name: Name) => Array<Events[Name][0]>
  /** A caller with another key, or without one. The node's own methods call as `operator`. */
  as: (key?: string) => Caller
  /** Reloads senders and policy, as SIGHUP does. */
  reload: () => Promise<void>
  /** Called automatically at the end of the test. */
  close: () => Promise<void>
}

export function nodeEnv (options: NodeOptions & { prefix: string }): Record<string, string> {
  return { ...quick, REDIS_URL: options.redisUrl, WHATSAPP_API_URL: options.apiUrl, KEY_PREFIX: options.prefix, ...options.env }
}

export async function startNode (t: Pick<Test, 'teardown'>, options: NodeOptions): Promise<Node> {
  const prefix = options.prefix ?? createPrefix()
  const config = readConfig(nodeEnv({ ...options, prefix }))
  const events = createBus()
  const seen = record(events)
  const sandboxUrl = config.sandbox ? config.WHATSAPP_API_URL : null
  const logger = createLog(config.LOG_LEVEL, { write: line => { options.onLog?.(line) } })
  if (options.onLog !== undefined) logEvents(events, logger)
  const gateway = await createGateway(config, { redisUrl: options.redisUrl, sandboxUrl, events, logger })
  let closing: Promise<void> | null = null
  const close = async (): Promise<void> => await (closing ??= gateway.close())
  t.teardown(close)
  await gateway.app.listen({ port: 0, host: '127.0.0.1' })
  const origin = `http://127.0.0.1:${(gateway.app.server.address() as AddressInfo).port}`
  return {
    ...createCaller(origin, keys.operator),
    origin,
    prefix,
    gateway,
    events,
    seen,
    as: key => createCaller(origin, key),
    reload: gateway.reload,
    close
  }
}

/** Records every event, at `emit`, so that no name can be forgotten. */
function record (events: Bus): Node['seen'] {
  const recorded: Array<[name: unknown, fact: unknown]> = []
  const emit = events.emit.bind(events) as (name: unknown, ...facts: unknown[]) => boolean
  events.emit = (name: unknown, ...facts: unknown[]) => {
    recorded.push([name, facts[0]])
    return emit(name, ...facts)
  }
  return name => recorded.filter(([kind]) => kind === name).map(([, fact]) => fact) as never
}

/**
 * Every route of an application, as `METHOD /path`, read from the output of `printRoutes`. The drop-in surface is
 * a wildcard for paths with any prefix; here it is listed by its edges.
 */
export function routesOf (app: FastifyInstance): string[] {
  const path: string[] = []
  const found: string[] = []
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const match = /^([\s│├└─]*)(\S.*?)(?: \(([A-Z, ]+)\)(?: \{"graph":"(\w+)"\})?)?$/u.exec(line)
    if (match === null) continue
    const [, indent = '', part = '', methods, edge] = match
    path.length = Math.max(0, indent.length / 4 - 1)
    path.push(part === '(empty root node)' ? '' : edge === undefined ? part : `/:version/:phoneNumberId/${edge}`)
    for (const method of methods?.split(', ') ?? []) found.push(`${method} ${path.join('').replace('//', '/')}`)
  }
  return found.sort()
}
