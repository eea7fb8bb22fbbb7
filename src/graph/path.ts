import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Edge } from '../message.js'
import { edges } from '../message.js'

/** The gateway's own paths, which cannot be the prefix of a base URL. */
const OURS = /^\/(api\/v1|admin|docs|health|metrics|webhooks|console)([/?]|$)/i
const SENDER = /^[A-Za-z0-9_-]{1,64}$/
/** Meta's ids of phone numbers, media and accounts are numbers. */
const OBJECT = /^\d+$/
const VERSION = /^v\d+(\.\d+)?$/

/**
 * The sender and the edge of `/{prefix}/{version}/{phone number id}/{edge}`; null for another path. Prefix and version are optional, and the
 * prefix may have any length. The version is ignored: messages are sent with the configured one.
 */
export function matchEdge (url: string): { sender: string, edge: Edge } | null {
  const parts = partsOf(url)
  const edge = edges.find(known => known === parts.at(-1))
  const sender = parts.at(-2) ?? ''
  return edge === undefined || !SENDER.test(sender) || VERSION.test(sender) ? null : { sender, edge }
}

/** A client that requests a path of a Meta object or with a Meta version expects the Graph API, and can parse its responses only. */
export function isGraphPath (url: string): boolean {
  return matchEdge(url) !== null || partsOf(url).some(part => VERSION.test(part) || OBJECT.test(part))
}

function partsOf (url: string): string[] {
  // Hot path: runs for every request.
  if (OURS.test(url)) return []
  const [path = ''] = url.split('?', 1)
  return path.split('/').filter(part => part !== '')
}

/** Adds the route constraint `graph`, which limits a wildcard route to one edge: a pattern cannot have a prefix of any length. */
export function constrainPaths (app: FastifyInstance): void {
  app.addConstraintStrategy({
    name: 'graph',
    storage () {
      const handlers = new Map<unknown, unknown>()
      return {
        get: edge => (handlers.get(edge) ?? null) as never,
        set: (edge, handler) => { handlers.set(edge, handler) }
      }
    },
    deriveConstraint: (request: IncomingMessage) => matchEdge(request.url ?? '')?.edge,
    validate: () => undefined
  })
}
