import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { componentSchemas, plain } from './components.js'
import type { Documented } from './complete.js'
import { complete } from './complete.js'
import type { Operation } from './operation.js'
import { everyAnswer, requestHeaders, tags } from './operation.js'
import { problemResponse, sharedResponses } from './problems.js'

/** What is for browsers, and not for programs that would read the document. */
const pages = ['/docs', '/admin/', '/console']

const introduction = `Paces, deduplicates, retries and accounts for messages to WhatsApp.

**Keys.** \`Authorization: Bearer <key>\`; a key has a name and one role. \`send\` posts, and reads and cancels its own messages; \`read\` reads everything; \`admin\` does everything. Each operation names its roles (\`x-roles\`). Without API keys the gateway listens on its own machine only, and everybody there is admin.

**Errors** are problem documents (RFC 9457) with a stable \`code\`, and \`field\` where one is at fault.

**Requests** may name themselves by \`X-Request-Id\`; every answer carries the name, and so do the log's lines.

**Moments** are ISO 8601 in UTC, spans are milliseconds unless their name says otherwise. New fields may be added to answers at any time.`

/**
 * Serves the OpenAPI document at `/docs/json` and a page that shows it at `/docs`, without a key: they tell what may be asked,
 * and hold nothing that is. Has to come before the routes.
 */
export async function serveDocs (app: FastifyInstance): Promise<void> {
  const routes = new Map<string, { operation: Operation, body: object | undefined }>()
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Sluice', version: '1', summary: 'A throttling gateway in front of WhatsApp', description: introduction, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/' }],
      tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'A key of `API_KEYS`' } } },
      security: [{ key: [] }]
    },
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => {
      const { operation } = route.config ?? {}
      if (operation !== undefined) routes.set(operation.id, { operation, body: schema?.body as object | undefined })
      return { url: operation?.path ?? url, schema: { ...schema, ...(operation === undefined ? {} : facts(operation, route)), hide: pages.some(page => url.startsWith(page)) } }
    },
    transformObject: told => {
      const { openapiObject: document } = told as { openapiObject: { components: object, paths: Record<string, Record<string, Documented>> } }
      for (const documented of Object.values(document.paths).flatMap(path => Object.values(path))) {
        const known = routes.get(String(documented['operationId']))
        if (known !== undefined) complete(documented, known.operation, known.body)
      }
      const responses = Object.fromEntries(Object.entries(sharedResponses).map(([name, codes]) => [name, problemResponse(codes)]))
      return plain({ ...document, components: { ...document.components, headers: everyAnswer, responses, schemas: componentSchemas() } })
    }
  })
  // A badge by validator.swagger.io would tell a stranger where this gateway is.
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { validatorUrl: null, displayOperationId: true, docExpansion: 'list', defaultModelsExpandDepth: 0 } })
}

/** What the library itself puts where it belongs. */
function facts (operation: Operation, route: RouteOptions): Record<string, unknown> {
  const roles = route.config?.roles ?? []
  const who = operation.open === true ? 'Needs no key.' : `Roles: ${roles.map(role => `\`${role}\``).join(', ')}.`
  return {
    operationId: operation.id,
    ...(operation.params === undefined ? {} : { params: operation.params }),
    tags: [operation.tag],
    summary: operation.summary,
    description: operation.description === undefined ? who : `${operation.description}\n\n${who}`,
    'x-roles': operation.open === true ? [] : roles,
    ...(operation.open === true ? { security: [] } : {}),
    ...(operation.headers === undefined
      ? {}
      : { headers: { type: 'object', properties: Object.fromEntries(operation.headers.map(name => [name, { type: 'string', description: requestHeaders[name] }])) } })
  }
}
