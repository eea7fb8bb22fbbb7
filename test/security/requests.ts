/** Hostile requests, derived from the valid requests of the OpenAPI document. */
import fc from 'fast-check'
import type { Document, Operation, Schema } from '../http/document.js'
import { routesOf } from '../http/document.js'
import { DEEP, NUMBER, SECRET, authorization, contentType, deep, extra, hostile, polluting } from './hostile.js'

export { NUMBER, SECRET, SMUGGLED } from './hostile.js'

export interface Hostile { method: string, path: string, headers: Array<[name: string, value: string]>, body: Buffer }

/** A value that nearly always matches the schema. */
function valid (schema: Schema & Record<string, any>, document: Document): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return valid(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, document)
  const choices = (schema['anyOf'] ?? schema['oneOf']) as Schema[] | undefined
  if (choices !== undefined) return fc.oneof(...choices.map(choice => valid(choice, document)))
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema['const'] !== undefined) return fc.constant(schema['const'])
  const types = [schema.type ?? 'object'].flat()
  return fc.oneof(...types.map(type => typed(type, schema, document)))
}

function typed (type: string, schema: Record<string, any>, document: Document): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return schema['pattern'] === undefined
        ? fc.oneof(fc.constant(SECRET), fc.string({ maxLength: 40 }))
        : fc.stringMatching(new RegExp(schema['pattern']))
    case 'integer': return fc.integer({ min: schema['minimum'] ?? 0, max: Math.min(schema['maximum'] ?? 1e9, 1e9) })
    case 'number': return fc.double({ min: schema['minimum'] ?? 0, max: Math.min(schema['maximum'] ?? 1e9, 1e9), noNaN: true })
    case 'boolean': return fc.boolean()
    case 'array': return fc.array(valid(schema['items'] ?? {}, document), { minLength: schema['minItems'] ?? 0, maxLength: 5 })
    case 'null': return fc.constant(null)
    default: {
      const properties = Object.fromEntries(
        Object.entries((schema['properties'] ?? {}) as Record<string, Schema>).map(([name, inner]) => [name, named(name, inner, document)])
      )
      return fc.record(properties, { requiredKeys: ((schema['required'] ?? []) as string[]).filter(name => name in properties) })
    }
  }
}

/** Recipients are mostly valid numbers, because a message with a random string is rejected early. */
function named (name: string, schema: Schema, document: Document): fc.Arbitrary<unknown> {
  if (name === 'to' || name === 'recipient') {
    return fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(`+${NUMBER}`, '+1 (555) 357-9246', '+15560131026', '+5511987654321') },
      { weight: 1, arbitrary: valid(schema, document) }
    )
  }
  if (name === 'cursor') return fc.oneof(cursor, valid(schema, document))
  return valid(schema, document)
}

/** Cursors in the form of those that the lists return, with any numbers in them. */
const cursor = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 67n }).map(String),
  fc.tuple(fc.constantFrom('retries', 'failures', 'begun', 'failed', 'resolved', 'x'), fc.double(), fc.string(), fc.double())
    .map(parts => Buffer.from(JSON.stringify(parts)).toString('base64url')),
  fc.stringMatching(/^[0-9a-f]{8,14}(~|\.[A-Za-z0-9_-]{22})$/)
)

/** A value with at most one invalid part. */
function spoiled (good: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(good, fc.nat(9), hostile, polluting, fc.nat(20)).map(([value, way, bad, name, index]) => {
    if (way < 4) return value
    if (way === 4) return bad
    if (Array.isArray(value)) return value.length === 0 ? [bad] : value.with(index % value.length, bad)
    if (typeof value !== 'object' || value === null) return bad
    const members = Object.entries(value)
    const place = members[index % Math.max(1, members.length)]?.[0] ?? 'to'
    if (way === 5) return Object.fromEntries(members.filter(([member]) => member !== place))
    if (way === 6) return Object.fromEntries([...members, [name, bad]])
    return Object.fromEntries([...members.filter(([member]) => member !== place), [place, bad]])
  })
}

/** JSON as bytes, sometimes malformed. */
const written = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Buffer> =>
  fc.tuple(value, fc.nat(19), fc.nat(5000), fc.uint8Array({ maxLength: 200 })).map(([given, way, length, bytes]) => {
    const text = (JSON.stringify(given) ?? '').replace(JSON.stringify(DEEP), deep)
    switch (way) {
      case 0:
        return Buffer.from(text.slice(0, length % (text.length + 1)))
      case 1:
        return Buffer.from(`${text}${text}`)
      case 2:
        return Buffer.from(text.replace('{', '{"__proto__":{"admin":true},"to":"1","to":"2",'))
      case 3:
        return Buffer.from(bytes)
      case 4:
        return Buffer.from(`\ufeff${text}`)
      case 5:
        return Buffer.from(text, 'utf16le')
      default:
        return Buffer.from(text)
    }
  })

/** Any request: an operation of the document with invalid parts, or an unknown path. */
export function hostileRequests (document: Document): fc.Arbitrary<Hostile> {
  const known = routesOf(document).map(({ method, path, operation }) => ({
    weight: operation.operationId.startsWith('post') ? 6 : 1, arbitrary: requestOf(document, method, path, operation)
  }))
  const strange = fc.record({
    method: fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY'),
    path: fc.oneof(
      fc.constantFrom(
        '/',
        '//',
        '/docs',
        '/docs/json',
        '/docs/static/../../../etc/passwd',
        '/docs/static/%2e%2e/%2e%2e/package.json',
        '/admin/queues/',
        '/admin/queues/api/queues?activeQueue=__proto__&page=-1',
        '/admin/queues/static/..%2f..%2fpackage.json',
        '/metrics',
        '/health/live',
        '/api/v1/messages/%E0%A4%A',
        '/api/v1/messages/%2e%2e',
        '/api/v1/senders/__proto__/pause',
        '/api/v1/%00',
        '/api/v1/messages?a[__proto__]=1',
        `/api/v1/messages/${'x'.repeat(800)}`,
        '*'
      ),
      fc.webPath().map(path => `/${path}`)
    ),
    headers: fc
      .tuple(authorization, fc.array(extra, { maxLength: 3 }))
      .map(([auth, more]): Array<[string, string]> => [['authorization', auth], ...more]),
    body: fc.oneof(fc.constant(Buffer.alloc(0)), written(hostile))
  })
  return fc.oneof({ weight: 9, arbitrary: fc.oneof(...known) }, { weight: 1, arbitrary: strange })
}

function requestOf (document: Document, method: string, path: string, operation: Operation): fc.Arbitrary<Hostile> {
  const parameters = operation.parameters ?? []
  const place = (where: string) => fc.record(Object.fromEntries(parameters.filter(one => one.in === where).map(one => [one.name, spoiled(fc.oneof(
    named(one.name, one.schema as Schema, document), fc.constantFrom(...examples(one.examples), 'x')))])))
  const schema = operation.requestBody?.content['application/json']
  const good =
    schema === undefined
      ? hostile
      : fc.oneof(valid(schema.schema as Schema, document), fc.constantFrom(...Object.values(schema.examples).map(({ value }) => value)))
  return fc
    .record({
      inPath: place('path'),
      inQuery: place('query'),
      hasQuery: fc.nat(2),
      body:
        schema === undefined
          ? fc.oneof({ weight: 6, arbitrary: fc.constant(Buffer.alloc(0)) }, { weight: 1, arbitrary: written(hostile) })
          : written(spoiled(good)),
      authorization,
      contentType,
      more: fc.oneof({ weight: 3, arbitrary: fc.constant<Array<[string, string]>>([]) }, { weight: 1, arbitrary: fc.array(extra, { maxLength: 4 }) })
    })
    .map(({ inPath, inQuery, hasQuery, body, authorization, contentType, more }) => {
      const filled = Object.entries(inPath).reduce((filled, [name, value]) => filled.replace(`{${name}}`, escape(value).slice(0, 6000)), path)
      const query =
        hasQuery === 0
          ? ''
          : Object.entries(inQuery)
            .map(([name, value]) => `${name}=${escape(value).slice(0, 3000)}`)
            .join('&')
      return {
        method,
        path: query === '' ? filled : `${filled}?${query}`,
        headers: [['authorization', authorization], ...(body.length > 0 ? [['content-type', contentType] as [string, string]] : []), ...more],
        body
      }
    })
}

function examples (given: Record<string, { value: string }> | undefined): string[] {
  return Object.values(given ?? {}).map(({ value }) => value)
}

/** Escaped as a client would, or unescaped if the result is still one line of ASCII. */
function escape (value: unknown): string {
  const text = String(typeof value === 'object' ? JSON.stringify(value) : value).replaceAll(/[\ud800-\udfff]/gu, '~')
  return /^[\x21-\x7e]{0,50}$/.test(text) && text.length % 2 === 1 ? text : encodeURIComponent(text)
}

/** The bytes on the wire. */
export function toBytes ({ method, path, headers, body }: Hostile): Buffer {
  const isHosted = headers.some(([name]) => name === 'Host')
  const lines = [`${method} ${path} HTTP/1.1`, ...(isHosted ? [] : ['host: localhost']), ...headers.map(([name, value]) => `${name}: ${value}`)]
  if (body.length > 0) lines.push(`content-length: ${body.length}`)
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}
