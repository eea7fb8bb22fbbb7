/** The position in a JSON text of one member of an object or element of an array. */
interface Part { key: string | null, start: number, end: number }

/**
 * The changes of a notification as raw text, in order, each with the id of its entry as JSON. Parsing and serializing would round long
 * numbers. The text was parsed before, so it is valid JSON; anything but `entry[].changes[]` is left out, as by `readNotification`.
 */
export function rawChanges (text: string): Array<{ entryId: string, change: string }> {
  const whole = { start: skipSpace(text, 0), end: text.length }
  return elements(text, member(text, whole, 'entry')).flatMap(entry => {
    const id = member(text, entry, 'id')
    const entryId = id === null ? 'null' : text.slice(id.start, id.end)
    return elements(text, member(text, entry, 'changes')).map(({ start, end }) => ({ entryId, change: text.slice(start, end) }))
  })
}

/** The last of several members with one name, as JSON.parse does. */
function member (text: string, { start }: Pick<Part, 'start'>, name: string): Part | null {
  return text[start] === '{' ? partsOf(text, start).filter(({ key }) => key === name).at(-1) ?? null : null
}

function elements (text: string, part: Part | null): Part[] {
  return part !== null && text[part.start] === '[' ? partsOf(text, part.start) : []
}

/** The parts of the object or array that starts at `from`. */
function partsOf (text: string, from: number): Part[] {
  const parts: Part[] = []
  let at = skipSpace(text, from + 1)
  while (text[at] !== '}' && text[at] !== ']') {
    let key: string | null = null
    if (text[from] === '{') {
      const end = endOfString(text, at)
      key = JSON.parse(text.slice(at, end)) as string
      at = skipSpace(text, skipSpace(text, end) + 1)
    }
    const end = endOfValue(text, at)
    parts.push({ key, start: at, end })
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return parts
}

function endOfValue (text: string, start: number): number {
  const first = text[start] ?? ''
  let at = start
  if (first === '"') return endOfString(text, start)
  if (first !== '{' && first !== '[') {
    while (at < text.length && !',]} \t\n\r'.includes(text[at] ?? '')) at++
    return at
  }
  let depth = 0
  do {
    const letter = text[at]
    if (letter === '{' || letter === '[') depth++
    if (letter === '}' || letter === ']') depth--
    at = letter === '"' ? endOfString(text, at) : at + 1
  } while (depth > 0 && at < text.length)
  return at
}

function endOfString (text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function skipSpace (text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\n\r'.includes(text[at] ?? '')) at++
  return at
}
