import type { FastifyInstance } from 'fastify'

/** Many clients name JSON as the type of every request, one without a body too: there is nothing to read in it, and nothing wrong with it. */
export function takeEmptyBodies (app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined)
    else return parse(request, body, done)
  })
}
