import type { FastifyInstance } from 'fastify'

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
    for (const method of methods?.split(', ') ?? []) found.push(`${method} ${path.join('')}`)
  }
  return found.sort()
}
