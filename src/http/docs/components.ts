import type { TSchema } from '@sinclair/typebox'
import * as answer from '../schemas/answer.js'
import * as audit from '../schemas/audit.js'
import * as caller from '../schemas/caller.js'
import * as failure from '../schemas/failure.js'
import * as graph from '../schemas/graph.js'
import * as message from '../schemas/message.js'
import * as optOut from '../schemas/opt-out.js'
import * as problem from '../schemas/problem.js'
import * as rateLimit from '../schemas/rate-limit.js'
import * as sender from '../schemas/sender.js'
import * as stats from '../schemas/stats.js'
import * as worker from '../schemas/worker.js'

const modules: Array<Record<string, unknown>> = [message, answer, graph, failure, rateLimit, optOut, sender, stats, worker, audit, caller, problem]

/** Every schema that has a name, by its name. */
export function componentSchemas (): Record<string, object> {
  const schemas = modules.flatMap(module => Object.values(module)).filter(isNamed)
  return Object.fromEntries(schemas.map(({ $id, ...schema }) => [$id, toCaller(plain(schema))]))
}

/** What has a default is there for the gateway, and need not be given by a caller. */
function toCaller (schema: { required?: string[], properties?: Record<string, { default?: unknown }> }): object {
  return schema.required === undefined ? schema : { ...schema, required: schema.required.filter(name => schema.properties?.[name]?.default === undefined) }
}

/** JSON and nothing else: what TypeBox notes for itself, in symbols, is no part of a document. */
export function plain (schema: object): object {
  return JSON.parse(JSON.stringify(schema)) as object
}

function isNamed (value: unknown): value is TSchema & { $id: string } {
  return typeof value === 'object' && value !== null && '$id' in value && typeof value.$id === 'string'
}
