/** The OpenAPI document for tests: its operations, and a check of real responses against it. */
import { Ajv2020 } from 'ajv/dist/2020.js'

export interface Operation {
  operationId: string
  summary: string
  description: string
  tags: string[]
  'x-roles': string[]
  security?: object[]
  parameters?: Array<{
    name: string
    in: 'path' | 'query' | 'header'
    required: boolean
    description?: string
    schema: object
    examples?: Record<string, { value: string }>
  }>
  requestBody?: { required: boolean; content: Record<string, { schema: object; examples: Record<string, { value: unknown }> }> }
  responses: Record<string, Response>
  'x-requests'?: Record<string, { summary: string; query?: Record<string, string>; headers?: Record<string, string> }>
}

export interface Response {
  $ref?: string
  description: string
  headers?: Record<string, object>
  content?: Record<string, { schema: object, examples?: Record<string, { value: unknown }> }>
}

export interface Schema {
  $ref?: string
  type?: string | string[]
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: unknown
  enum?: unknown[]
}

export interface Document {
  openapi: string
  tags: Array<{ name: string }>
  paths: Record<string, Record<string, Operation>>
  components: {
    schemas: Record<string, Schema>
    responses: Record<string, Response>
    headers: Record<string, object>
    securitySchemes: Record<string, object>
  }
}

/** Method, path with its braces, and the operation. */
export interface Route { method: string, path: string, operation: Operation }

export interface Asked { name: string, path: string, headers: Record<string, string>, body?: unknown }

export function routesOf (document: Document): Route[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })))
}

/** Every example request of an operation; an empty request if it has none. */
export function examplesOf ({ path, operation }: Route): Asked[] {
  const bodies = operation.requestBody?.content['application/json']?.examples ?? {}
  const places = (operation.parameters ?? []).filter(parameter => parameter.in === 'path')
  const more = operation['x-requests'] ?? {}
  const names = new Set([...Object.keys(bodies), ...places.flatMap(({ examples }) => Object.keys(examples ?? {})), ...Object.keys(more)])
  return [...(names.size === 0 ? ['none'] : names)].map(name => {
    const filled = places.reduce(
      (filled, { name: place, examples }) => filled.replace(`{${place}}`, encodeURIComponent(examples?.[name]?.value ?? '')),
      path
    )
    const query = new URLSearchParams(more[name]?.query).toString()
    return {
      name,
      path: filled + (query === '' ? '' : `?${query}`),
      headers: more[name]?.headers ?? {},
      ...(bodies[name] === undefined ? {} : { body: bodies[name].value }),
    }
  })
}

/**
 * Checks responses against the document; returns the error, or '' for a valid one. The document permits further fields in responses, so that
 * fields may be added; here an undescribed field is an error.
 */
export function createChecker (document: Document): {
  response: (route: Route, reply: { status: number; headers: Headers; body: unknown }) => string
  value: (schema: object, value: unknown) => string
} {
  const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ } })
  ajv.addSchema(closed({ $id: 'document', components: document.components }) as object)
  const value = (schema: object, instance: unknown): string => {
    const validate = ajv.compile(JSON.parse(JSON.stringify(closed(schema)).replaceAll('"#/components', '"document#/components')))
    return validate(instance) ? '' : ajv.errorsText(validate.errors)
  }
  return {
    value,
    response ({ operation }, { status, headers, body }) {
      const found = operation.responses[status]
      if (found === undefined) return `${status} is not documented`
      const documented = found.$ref === undefined ? found : document.components.responses[found.$ref.split('/').at(-1) ?? '']
      const present = ['x-request-id', 'retry-after', 'ratelimit', 'ratelimit-policy', 'idempotent-replayed'].filter(name => headers.has(name))
      const known = Object.keys(documented?.headers ?? {}).map(name => name.toLowerCase())
      const unexpected = present.filter(name => !known.includes(name))
      if (unexpected.length > 0) return `${status} does not document the headers ${unexpected.join(', ')}`
      const [type, content] = Object.entries(documented?.content ?? {})[0] ?? []
      if (type === undefined || content === undefined) return body === undefined || body === '' ? '' : `${status} is documented without a body`
      const given = type === 'application/json' || type === 'application/problem+json' ? body : (body as { text: string }).text
      return headers.get('content-type')?.startsWith(type) === true
        ? value(content.schema, given)
        : `${status} has content type ${headers.get('content-type') ?? 'none'}, not ${type}`
    }
  }
}

function closed (node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed)
  if (typeof node !== 'object' || node === null) return node
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]))
  return 'properties' in copy && typeof copy['properties'] === 'object' && 'type' in copy && !('additionalProperties' in copy)
    ? { ...copy, additionalProperties: false }
    : copy
}
