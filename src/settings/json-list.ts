import { readFileSync } from 'node:fs'
import type { TSchema } from '@sinclair/typebox'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { findNodeAtLocation, parseTree, printParseErrorCode, getNodeValue, type Node, type ParseError } from 'jsonc-parser'
import { decodeUtf8 } from '../values/json.js'
import { rangeOf } from '../values/range.js'
import type { Problems } from './problems.js'
import { didYouMean, showValue } from './problems.js'

/** A setting that names a JSON file with a list of objects. */
export interface JsonList {
  /** The setting. */
  setting: string
  /** Of an entry. */
  schema: TSchema
  /** The member that names an entry in errors. */
  label: string
  /** Fewest and most entries. */
  minItems: number
  maxItems: number
  /** Fields whose values are not repeated in errors; by default none is. */
  secret?: readonly string[]
}

/** Adds a problem of a field of an entry, with its line. */
export type Wrong = (field: string, detail: string) => void

/** One entry of the file that fits the schema. */
export interface Listed<Entry> { entry: Entry, wrong: Wrong }

/** Reads the file at a path. */
export type ReadJsonList<Entry> = (path: string, problems: Problems) => Array<Listed<Entry>>

/**
 * A reader of files with such a list. Each member that does not fit is added to `problems` with its line, entry and field, and its entry is left
 * out; no problem quotes the file, except the names of fields and entries.
 */
export function createReader<Entry> (list: JsonList): ReadJsonList<Entry> {
  const validate = new Ajv({ allErrors: true, verbose: true }).compile<Entry>(list.schema)
  return (path, problems) => readList(path, list, validate, problems)
}

function readList<Entry> (path: string, list: JsonList, validate: ValidateFunction<Entry>, problems: Problems): Array<Listed<Entry>> {
  const add = (detail: string): void => problems.add(list.setting, `${list.setting}: ${detail}`)
  const text = readText(path, add)
  const root = text === null ? null : parse(text, add)
  if (root === null || text === null) return []
  if (root.type !== 'array') {
    add('the file must be a list: [ … ]')
    return []
  }
  const { children: nodes = [] } = root
  if (nodes.length < list.minItems) add(`the file must have ${list.minItems} entry or more`)
  if (nodes.length > list.maxItems) add(`the file must have at most ${list.maxItems} entries`)
  return nodes.slice(0, list.maxItems).flatMap((node, i) => {
    const entry: unknown = getNodeValue(node)
    const label = findNodeAtLocation(node, [list.label])?.value as unknown
    const name = `entry ${i + 1}${typeof label === 'string' ? ` (${showValue(label)})` : ''}`
    const wrong: Wrong = (field, detail) => {
      const found = findNodeAtLocation(node, field.split('.').map(name => /^\d+$/.test(name) ? Number(name) : name)) ?? node
      add(`line ${positionOf(text, found.offset).line}, ${name}${field === '' ? '' : `, ${field}`}: ${detail}`)
    }
    const faults = [...lostFields(node), ...(validate(entry) ? [] : explain(validate.errors ?? [], list.secret))]
    for (const { field, detail } of faults) wrong(field, detail)
    return faults.length === 0 ? [{ entry: entry as Entry, wrong }] : []
  })
}

function readText (path: string, add: (detail: string) => void): string | null {
  try {
    const text = decodeUtf8(readFileSync(path))
    if (text === null) add(`the file ${path} is not UTF-8`)
    return text
  } catch {
    add(`cannot read the file ${path}`)
    return null
  }
}

function parse (text: string, add: (detail: string) => void): Node | null {
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { disallowComments: true })
  const [error] = errors
  if (error === undefined && root !== undefined) return root
  const { line, column } = positionOf(text, error?.offset ?? 0)
  // Such as `CommaExpected`.
  const reason = error === undefined ? 'it is empty' : printParseErrorCode(error.error).replace(/(?!^)[A-Z]/g, ' $&').toLowerCase()
  add(`the file is not valid JSON: line ${line}, column ${column}: ${reason}`)
  return null
}

function positionOf (text: string, offset: number): { line: number, column: number } {
  const lines = text.slice(0, offset).split('\n')
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
}

/** Members that the value of an entry does not have: of two with one name it has the last, and `__proto__` is no member of it. */
function lostFields (node: Node, path = ''): Array<{ field: string, detail: string }> {
  if (node.type !== 'object') return []
  const fields = (node.children ?? []).map(({ children: [name, value] = [] }) => ({ name: String(name?.value), value }))
  const names = fields.map(({ name }) => name)
  const repeated = new Set(names.filter((name, i) => names.indexOf(name) !== i))
  return [
    ...[...repeated].map(name => ({ field: `${path}${name}`, detail: 'given twice' })),
    ...(names.includes('__proto__') ? [{ field: `${path}__proto__`, detail: 'unknown field' }] : []),
    ...fields.flatMap(({ name, value }) => value === undefined ? [] : lostFields(value, `${path}${name}.`))
  ]
}

/** One fault for each field. */
function explain (errors: readonly ErrorObject[], secret: readonly string[] | undefined): Array<{ field: string, detail: string }> {
  const details = new Map<string, Set<string>>()
  const values = new Map<string, unknown>()
  for (const error of errors) {
    const { additionalProperty, missingProperty } = error.params as { additionalProperty?: string, missingProperty?: string }
    const field = [...error.instancePath.split('/').slice(1), ...[additionalProperty ?? missingProperty ?? []].flat()].join('.')
    const detail = reason(error)
    if (detail !== '') details.set(field, (details.get(field) ?? new Set()).add(detail))
    if (secret !== undefined && !secret.includes(field.split('.')[0] ?? '')) values.set(field, error.data)
  }
  return [...details].map(([field, reasons]) => {
    const allowed = [...reasons].filter(key => key.startsWith('= ')).map(key => key.slice(2))
    const others = [...reasons].filter(key => !key.startsWith('= '))
    const detail = [...(allowed.length === 0 ? [] : [`must be one of ${allowed.join(', ')}`]), ...others].join(', ')
    return { field, detail: `${detail}${details.get(field)?.has('missing') === true ? '' : given(values.get(field), allowed)}` }
  })
}

/** What the file has there instead, and what was probably meant. */
function given (value: unknown, allowed: readonly string[]): string {
  if (typeof value === 'string') return `; it is ${showValue(value)}${didYouMean(value, allowed)}`
  return typeof value === 'number' || typeof value === 'boolean' ? `; it is ${String(value)}` : ''
}

/** `= <value>` for one of several allowed values. */
function reason ({ keyword, message = 'not valid', params, parentSchema }: ErrorObject): string {
  switch (keyword) {
    case 'anyOf': return ''
    case 'const': return `= ${String(params['allowedValue'])}`
    case 'required': return 'missing'
    case 'additionalProperties': {
      const names = Object.keys((parentSchema as { properties?: object } | undefined)?.properties ?? {})
      return `unknown field${didYouMean(String(params['additionalProperty']), names)}`
    }
    case 'minimum':
    case 'maximum': return `must be ${rangeOf(parentSchema as object)}`
    default: return message
  }
}
