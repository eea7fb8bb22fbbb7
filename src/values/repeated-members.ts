/** Stands for the value of a member whose name its object has twice. `JSON.parse` keeps the last one in silence. */
export const REPEATED = Symbol('repeated')

const QUOTE = 34
const COMMA = 44
const COLON = 58
const LIST = 91
const BACKSLASH = 92
const LIST_END = 93
const OBJECT = 123
const OBJECT_END = 125

/**
 * The value of a JSON text with REPEATED for each member that an object has twice. `value`: what `JSON.parse` has made of it; it is changed. Hot
 * path: a text has one colon outside of its strings for each member, so that counting both shows whether one is lost. Only then names are compared.
 */
export function markRepeated (text: string, value: unknown): unknown {
  if (countColons(text) === countMembers(value, MAX_LEVELS)) return value
  const paths = repeatedMembers(text)
  if (paths.length > MOST) return REPEATED
  for (const path of paths) mark(value, path)
  return value
}

/** Deeper values are counted as NaN: they are rejected anyway, and recursion may not be deeper. */
const MAX_LEVELS = 64
/** Places that are marked. Only a hostile body has more, and is rejected as a whole. */
const MOST = 10_000

function countMembers (value: unknown, levels: number): number {
  if (typeof value !== 'object' || value === null) return 0
  if (levels <= 0) return NaN
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) count += countMembers(item, levels - 1)
    return count
  }
  for (const name in value) count += 1 + countMembers((value as Record<string, unknown>)[name], levels - 1)
  return count
}

function countColons (text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char === QUOTE) i = endOfString(text, i)
    else if (char === COLON) count++
  }
  return count
}

/** The place of the quote that ends the string. */
function endOfString (text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

function isEscaped (text: string, index: number): boolean {
  let before = index - 1
  while (text.charCodeAt(before) === BACKSLASH) before--
  return (index - before) % 2 === 0
}

/** An object or array that the scanner is in. `member`: the current one; in an array a position. */
interface Open { names: Set<string> | null, member: string | number }

/** The paths of members with a name that their object has already, except where they are nested too deep. `text` is valid JSON. Not recursive. */
function repeatedMembers (text: string): string[][] {
  const found: string[][] = []
  const open: Open[] = []
  let inner: Open = { names: null, member: 0 }
  let name = ''
  for (let i = 0; i < text.length && found.length <= MOST; i++) {
    switch (text.charCodeAt(i)) {
      case OBJECT: open.push(inner = { names: new Set(), member: '' }); break
      case LIST: open.push(inner = { names: null, member: 0 }); break
      case OBJECT_END:
      case LIST_END:
        open.pop()
        inner = open.at(-1) ?? inner
        break
      case COMMA: if (typeof inner.member === 'number') inner.member++; break
      case COLON: {
        inner.member = name.includes('\\') ? JSON.parse(name) as string : name.slice(1, -1)
        if (inner.names?.has(inner.member) === true && open.length <= MAX_LEVELS) found.push(open.map(({ member }) => String(member)))
        inner.names?.add(inner.member)
        break
      }
      case QUOTE: {
        const end = endOfString(text, i)
        // The last string before a colon is a name.
        name = text.slice(i, end + 1)
        i = end
      }
    }
  }
  return found
}

/** The member may be within one that is itself lost. */
function mark (value: unknown, path: string[]): void {
  let object = value
  for (const name of path.slice(0, -1)) object = isObject(object) ? object[name] : undefined
  const last = path.at(-1) ?? ''
  if (isObject(object) && Object.hasOwn(object, last)) Object.defineProperty(object, last, { value: REPEATED })
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
