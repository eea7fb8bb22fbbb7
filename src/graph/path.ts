import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Edge } from '../message.js'
import { edges } from '../message.js'

/** What the gateway serves under its own names; a base URL's prefix can't be one of them. */
const OURS = /^\/(api\/v1|admin|docs|health|metrics|webhooks|console)([/?]|$)/
const SENDER = /^[A-Za-z0-9_-]{1,64}$/
/** Meta's ids are numbers: of a phone number, a medium, an account. */
const OBJECT = /^\d+$/
const VERSION = /^v\d+(\.\d+)?$/

/**
 * The sender and the edge of `/{prefix}/{version}/{phone number id}/{edge}`, where prefix and version may be missing and the
 * prefix may have any length; null for another path. The version is a hint at most: messages go out by the configured one.
 */
export function matchEdge (url: string): { sender: string, edge: Edge } | null {
  const parts = partsOf(url)
  const edge = edges.find(known => known === parts.at(-1))
  const sender = parts.at(-2) ?? ''
  return edge === undefined || !SENDER.test(sender) || VERSION.test(sender) ? null : { sender, edge }
}

/** Whoever asks for such a path, of one of Meta's objects or with its version, takes the gateway for the Graph API, and can read its answers only. */
export function isGraphPath (url: string): boolean {
  return matchEdge(url) !== null || partsOf(url).some(part => VERSION.test(part) || OBJECT.test(part))
}

function partsOf (url: string): string[] {
  // Of every request it is asked, so what is plain is seen at once.
  if (OURS.test(url)) return []
  const [path = ''] = url.split('?', 1)
  return path.split('/').filter(part => part !== '')
}

/** Lets a wildcard route ask by the constraint `graph` for the paths of one edge: a pattern can't have a prefix of any length. */
export function constrainPaths (app: FastifyInstance): void {
  app.addConstraintStrategy({
    name: 'graph',
    storage () {
      const kept = new Map<unknown, unknown>()
      return {
        get: edge => (kept.get(edge) ?? null) as never,
        set: (edge, handler) => { kept.set(edge, handler) }
      }
    },
    deriveConstraint: (request: IncomingMessage) => matchEdge(request.url ?? '')?.edge,
    validate: () => undefined
  })
}
