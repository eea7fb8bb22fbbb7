/** Which path a request means, and what to respond where no route fits. */
import type { IncomingMessage } from 'node:http'
import { distance } from 'fastest-levenshtein'
import type { FastifyInstance } from 'fastify'
import { SluiceError } from '../errors.js'
import type { SendError } from './problem.js'

const BASE = '/api/v1'
/** The gateway's own paths, as a caller may write them: with slashes too many. Pages need their last slash. */
const OWN = /^\/+(api\/+v1|webhooks|health|metrics)(?=[/?]|$)/

/**
 * A URL of the gateway's own API without a slash too many where base and path are joined, and without one at the end. Slashes behind the name of a
 * resource stay: `/failures//retry` is a path whose ID is empty, and not the retry of all failures.
 */
export function cleanUrl ({ url = '/' }: Pick<IncomingMessage, 'url'>): string {
  // Hot path: nearly every URL is clean.
  if (!url.includes('//') && !/\/(\?|$)/.test(url)) return url
  if (!OWN.test(url)) return url
  const [path = '', ...query] = url.split('?')
  const [, base = '', rest = ''] = /^((?:\/+api\/+v1|\/+webhooks|\/+health|\/+metrics)\/*)(.*)$/.exec(path) ?? []
  return [`${base.replace(/\/{2,}/g, '/')}${rest}`.replace(/(?<!\/)\/$/, ''), ...query].join('?')
}

const PREFIX = /^(\/[A-Za-z0-9._~-]{1,64}){1,8}$/

/** The path under which a reverse proxy serves the gateway, without a slash at the end; empty for none. A page writes it into its links. */
export function prefixOf ({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const prefix = String(headers['x-forwarded-prefix'] ?? '').replace(/\/$/, '')
  return PREFIX.test(prefix) ? prefix : ''
}

/** Pages that a caller may mistake for something to post to. */
const PAGES = /^\/((console|docs)(\/[\w.-]*)?)?$/

/**
 * 405 with `Allow` for a path that has routes, else 404 with the path that was probably meant. Has to come before the routes, whose paths it
 * reads.
 */
export function handleNotFound (app: FastifyInstance, send: SendError): void {
  const routes = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    if (!OWN.test(url) && !PAGES.test(url)) return
    const methods = routes.get(url) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    routes.set(url, methods)
  })
  // The path is not repeated: it may hold a phone number, and proxies log responses.
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?', 1)
    const methods = [...routes].flatMap(([url, methods]) => matches(url, path) ? [...methods] : [])
    if (methods.length > 0) {
      const allow = [...new Set(methods)].sort().join(', ')
      return send(reply, new SluiceError('METHOD_NOT_ALLOWED', { detail: `${request.method} is not supported; use ${allow}`, headers: { allow } }))
    }
    const meant = suggestPath(path, [...routes.keys()])
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`
    return send(reply, new SluiceError('NOT_FOUND', { detail: `no route with this path for ${request.method}${hint}` }))
  })
}

function matches (pattern: string, path: string): boolean {
  const [parts, names] = [path.split('/'), pattern.split('/')]
  return parts.length === names.length && names.every((name, i) => name.startsWith(':') ? parts[i] !== '' : name === parts[i])
}

/** The path without parameters nearest to the one requested. The base path may be missing, or be there twice, as with a wrong base URL. */
function suggestPath (path: string, patterns: string[]): string | undefined {
  const bare = (name: string): string => name.replace(/^(\/api\/v1)+(?=\/|$)/i, '')
  const asked = bare(path).slice(0, 40)
  const [nearest] = patterns.filter(pattern => !pattern.includes(':') && pattern !== path)
    .map(pattern => ({ pattern, steps: distance(asked, bare(pattern)) })).sort((a, b) => a.steps - b.steps)
  return nearest !== undefined && nearest.steps <= 2 && path !== '/' ? nearest.pattern : undefined
}

/** `GET /`: what is served here, as links for a browser and as JSON for programs. */
export function serveIndex (app: FastifyInstance, { api }: { api: boolean }): void {
  const links = {
    ...(api ? { api: BASE, documentation: '/docs/', openapi: '/docs/json', console: '/console/', queues: '/admin/queues' } : {}),
    health: '/health/ready',
    metrics: '/metrics'
  }
  const items = Object.entries(links).filter(([name]) => name !== 'api').map(([name, href]) => `<li><a href="${href.slice(1)}">${name}</a></li>`)
  const page = `<!doctype html><html lang="en"><title>Sluice</title><h1>Sluice</h1><ul>${items.join('')}</ul></html>\n`
  app.get('/', { schema: { hide: true } }, async (request, reply) => {
    reply.headers({ vary: 'Accept', 'content-security-policy': "default-src 'none'; frame-ancestors 'none'", 'x-content-type-options': 'nosniff' })
    if (!(request.headers.accept ?? '').includes('text/html')) {
      const prefix = prefixOf(request)
      return { name: 'sluice', links: Object.fromEntries(Object.entries(links).map(([name, path]) => [name, prefix + path])) }
    }
    reply.type('text/html; charset=utf-8')
    return page
  })
}
