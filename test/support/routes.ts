import type { FastifyInstance } from 'fastify'

/**
 * Every route that an application serves, as `METHOD /path`, read from the tree that it prints of itself. The drop-in surface is
 * a wildcard for paths with any prefix; here it is what it is for.
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
