import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { TSchema } from '@sinclair/typebox'
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import { docsLogo, docsTheme } from './docs-theme.js'
import type { RequestExample } from './operation.js'
import { tags } from './operation.js'
import { prefixOf } from './paths.js'
import { commonReferences, commonResponses } from './problem-responses.js'
import { PostResponseSchema } from './schemas/message.js'
import { FieldErrorSchema, ProblemSchema } from './schemas/problem.js'
import { compile } from './validate.js'

/** Pages for browsers are not part of the document. */
const pages = ['/docs', '/admin/', '/console']

const introduction = `Rate-limits, deduplicates, retries and accounts for messages to WhatsApp.

**Keys.** \`Authorization: Bearer <key>\`; a key has a name and one role. \`send\` posts, and reads and cancels its own messages; \`read\` \
reads everything; \`admin\` may do everything. Each operation lists its roles (\`x-roles\`). Without API keys the gateway listens on loopback \
only, and every caller is admin.

**Errors** are problem documents (RFC 9457) with a stable \`code\`; of an invalid request \
\`errors\` lists every problem with its field.

**Requests** may carry an \`X-Request-Id\`; every response and every log line of the request has it.

**Timestamps** are ISO 8601 in UTC; durations are milliseconds unless their name says otherwise. New fields may be added to responses at any time.`

const requestIdHeader = {
  description: 'The request\'s own `X-Request-Id` if it is 1 to 64 letters, digits and `_ . : -`, else a new one; the log has it too',
  schema: { type: 'string' as const }
}
const everyHeader = { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' } }

/** An operation as @fastify/swagger makes it of a route. */
interface Operation {
  requestBody?: { required: boolean, content: Record<string, { examples?: object }> }
  parameters?: Array<{ name: string, in: string, examples?: object }>
  responses: Record<string, { headers?: object }>
  security?: object[]
  'x-requests'?: Record<string, { [Part in keyof RequestExample]?: RequestExample[Part] | undefined }>
  'x-body-optional'?: boolean
}
interface Document { paths: Record<string, Record<string, Operation>> }

/**
 * Serves the OpenAPI document at `/docs/json` and a page that shows it at `/docs`, both without a key: they describe the API and hold no data.
 * Has to come before the routes, whose schemas fill the document.
 */
export async function serveDocs (app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sluice',
        version: '1',
        summary: 'A throttling gateway in front of WhatsApp',
        description: introduction,
        license: { name: 'MIT', identifier: 'MIT' }
      },
      servers: [{ url: '/' }],
      tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'A key of `API_KEYS`' } },
        headers: { 'X-Request-Id': requestIdHeader },
        responses: Object.fromEntries(Object.entries(commonResponses).map(([name, response]) => [name, withEveryHeader(response)]))
      },
      security: [{ key: [] }]
    },
    convertConstToEnum: false,
    // Components keep the names of their schemas.
    refResolver: { buildLocalReference: (json, _baseUri, _fragment, i) => typeof json.$id === 'string' ? json.$id : `def-${i}` },
    transform: describeRoute,
    transformObject: given => {
      const { openapiObject } = given as { openapiObject: Document }
      for (const operation of Object.values(openapiObject.paths).flatMap(path => Object.values(path))) complete(operation)
      return openapiObject
    }
  })
  addSchemas(app, FieldErrorSchema, ProblemSchema, PostResponseSchema)
  // validatorUrl: a badge by validator.swagger.io would give a third party the address of this gateway.
  const uiConfig = { validatorUrl: null, displayOperationId: true, docExpansion: 'list', defaultModelsExpandDepth: 0 } as const
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig,
    theme: docsTheme,
    logo: docsLogo,
    // With its last slash the page's URLs are relative, so a proxy may serve it under any path. The requests that one tries have that path too.
    uiHooks: {
      onRequest: (request, reply, done) => {
        if (!/\/docs(\?|$)/.test(request.url)) done()
        else void reply.redirect('docs/', 308)
      }
    },
    transformSpecification: (document, request) => ({ ...document, servers: [{ url: `${prefixOf(request)}/` }] })
  })
}

/** Makes these schemas components of the document, by their `$id`. */
export function addSchemas (app: Pick<FastifyInstance, 'addSchema'>, ...schemas: TSchema[]): void {
  for (const schema of schemas) app.addSchema(schema)
}

/** What follows from a route's options: its roles, and a reference instead of its body's schema. */
export function describeRoute <Schema extends FastifySchema> ({ schema, url, route }: { schema: Schema, url: string, route: RouteOptions }) {
  const roles = route.config?.roles
  const access = roles === undefined ? 'Needs no key.' : `Roles: ${roles.map(role => `\`${role}\``).join(', ')}.`
  const { body, description, 'x-headers': headers, ...rest } = schema ?? {}
  return {
    url,
    schema: {
      ...rest,
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body: { $ref: (body as TSchema).$id }, 'x-body-optional': compile(body as TSchema, 'body')({}) === true }),
      description: description === undefined ? access : `${description}\n\n${access}`,
      'x-roles': roles ?? [],
      ...(roles === undefined ? { security: [] } : {}),
      hide: url === '/' || pages.some(page => url.startsWith(page))
    }
  }
}

/** Adds what holds for every operation, and puts its examples where OpenAPI has them: @fastify/swagger drops those of a body by reference. */
function complete (operation: Operation): void {
  const { requestBody: body, parameters = [], 'x-requests': requests = {}, 'x-body-optional': isOptional, ...rest } = operation
  const examples = Object.entries(requests)
  delete operation['x-requests']
  delete operation['x-body-optional']
  if (body !== undefined) {
    // An absent body counts as an empty one.
    body.required = isOptional !== true
    const bodies = examples.filter(([, example]) => example.body !== undefined).map(([name, { summary, body: value }]) => [name, { summary, value }])
    for (const media of Object.values(body.content)) media.examples = Object.fromEntries(bodies)
  }
  for (const parameter of parameters.filter(({ in: location }) => location === 'path')) {
    parameter.examples = Object.fromEntries(examples.map(([name, { summary, params }]) => [name, { summary, value: params?.[parameter.name] }]))
  }
  // Not as examples of their parameters: the page would fill them into every request.
  const others = examples.filter(([, { query, headers }]) => query !== undefined || headers !== undefined)
  if (others.length > 0) {
    operation['x-requests'] = Object.fromEntries(others.map(([name, { summary, query, headers }]) => [name, { summary, query, headers }]))
  }
  const isOpen = rest.security?.length === 0
  const responses = Object.entries(rest.responses).map(([status, response]) => [status, withEveryHeader(response)])
  operation.responses = { ...(isOpen ? {} : commonReferences({ hasBody: body !== undefined })), ...Object.fromEntries(responses) }
}

function withEveryHeader <Response extends { headers?: object }> (response: Response): Response & { headers: object } {
  return { ...response, headers: { ...response.headers, ...everyHeader } }
}
