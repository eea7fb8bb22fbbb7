import type { ErrorCode } from '../../errors.js'
import { compile } from '../validate.js'
import type { Operation } from './operation.js'
import { describeHeaders } from './operation.js'
import { problemResponses } from './problems.js'

/** An operation as the library makes it of a route. */
export interface Documented {
  operationId?: string
  requestBody?: object
  parameters?: Array<{ name: string, in: string, required?: boolean, schema?: { default?: unknown }, examples?: object }>
  responses?: object
  'x-requests'?: object
}

/** Adds body, examples and answers: the library would inline the named schemas, and has no place for several examples of each. */
export function complete (documented: Documented, operation: Operation, body: { $id?: string } | undefined): void {
  const examples = Object.entries(operation.examples)
  if (body !== undefined) {
    documented.requestBody = {
      // An absent body is taken for an empty one.
      required: !compile(body, 'body')({}),
      content: json(body, Object.fromEntries(examples.filter(([, example]) => example.body !== undefined).map(([name, { summary, body: value }]) => [name, { summary, value }])))
    }
  }
  for (const parameter of documented.parameters ?? []) {
    if (parameter.schema?.default !== undefined) parameter.required = false
    if (parameter.in === 'path') parameter.examples = Object.fromEntries(examples.map(([name, { summary, params }]) => [name, { summary, value: params?.[parameter.name] }]))
  }
  // Not as examples of their parameters: a page fills those in by itself, also where they belong to another request than the one shown.
  const more = examples.filter(([, { query, headers }]) => query !== undefined || headers !== undefined)
  if (more.length > 0) documented['x-requests'] = Object.fromEntries(more.map(([name, { summary, query, headers }]) => [name, { summary, query, headers }]))
  const codes = codesOf(operation, { body: body !== undefined, parameters: documented.parameters !== undefined })
  documented.responses = { ...problemResponses(codes), ...answers(operation) }
}

function answers (operation: Operation): Record<string, object> {
  return Object.fromEntries(Object.entries(operation.answers).map(([status, { is, schema, text, headers, examples }]) => [status, {
    description: is,
    headers: describeHeaders(headers),
    ...(text === undefined ? {} : { content: { [text.type]: { schema: { type: 'string' }, examples: { example: { value: text.example } } } } }),
    ...(schema === undefined ? {} : { content: json(schema, Object.fromEntries(Object.entries(examples ?? {}).map(([name, value]) => [name, { value }]))) })
  }]))
}

/** Every operation behind a key can end so; the rest stands with the operation. */
function codesOf (operation: Operation, has: { body: boolean, parameters: boolean }): ErrorCode[] {
  const codes: ErrorCode[] = operation.open === true ? [] : ['UNAUTHENTICATED', 'FORBIDDEN', 'INTERNAL', 'UNAVAILABLE', 'OVERLOADED', 'SHUTTING_DOWN']
  if (has.body || has.parameters) codes.push('INVALID_REQUEST')
  if (has.body) codes.push('TOO_LARGE')
  return [...new Set([...codes, ...(operation.errors ?? [])])]
}

function json (schema: { $id?: string }, examples: Record<string, object>): object {
  return { 'application/json': { schema: schema.$id === undefined ? schema : { $ref: `#/components/schemas/${schema.$id}` }, ...(Object.keys(examples).length === 0 ? {} : { examples }) } }
}
