/** One random change of a JSON value, for tests of parsers. */
import fc from 'fast-check'

type Path = Array<string | number>

export interface Mutation { where: number, how: 'remove' | 'replace' | 'rename' | 'repeat', value: unknown, name: string }

const names = fc.constantFrom('__proto__', 'constructor', 'toString', 'id', 'status', 'value', '', ' ', 'length')
const values = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  names,
  fc.constantFrom(null, -1, 0, 1e308, Number.MAX_SAFE_INTEGER + 2, '\u0000', '\ud800', 'x'.repeat(5000), '{a}', 'a\nb', '%', [], {}, [[[]]])
)

export const mutations: fc.Arbitrary<Mutation> = fc.record({
  where: fc.nat(10_000), how: fc.constantFrom('remove', 'replace', 'replace', 'replace', 'rename', 'repeat'), value: values, name: names
})

/** A copy with one mutation below `root`, and the path of what changed. */
export function mutate<Value> (value: Value, { where, how, value: next, name }: Mutation, root: Path = []): { value: Value, path: Path } {
  const copy = structuredClone(value)
  const paths = pathsBelow(root.reduce<any>((part, key) => part[key], copy), root)
  const path = paths[where % paths.length] ?? root
  const key = path.at(-1) ?? ''
  const parent = path.slice(0, -1).reduce<any>((part, step) => part[step], copy)
  const define = (member: string | number, part: unknown): void => {
    Object.defineProperty(parent, member, { value: part, enumerable: true, configurable: true, writable: true })
  }
  if (how === 'replace') define(key, next)
  else if (Array.isArray(parent)) parent.splice(Number(key), 1, ...(how === 'remove' ? [] : [parent[Number(key)], parent[Number(key)]]))
  else {
    const part = parent[key]
    if (how !== 'repeat') delete parent[key]
    if (how !== 'remove') define(name, part)
  }
  return { value: copy, path }
}

function pathsBelow (value: unknown, path: Path): Path[] {
  if (typeof value !== 'object' || value === null) return []
  const keys: Path = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return keys.flatMap(key => [[...path, key], ...pathsBelow((value as Record<string | number, unknown>)[key], [...path, key])])
}
