import type { FastifyInstance } from 'fastify'

/** Accepts an empty body of type JSON: many clients declare the type for every request, also for one without a body. */
export function acceptEmptyBodies (app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined)
    else return parse(request, body, done)
  })
}
