import type { ReplyField } from './scripts.js'

/** One declared key or argument. `conversion`: to what the text of an argument is converted in the script. */
export interface Row { name: string, type: string, conversion: 'text' | 'number' | 'flag' }

export interface Header { keys: Row[], ownKeys: Row[], args: Row[], ownArgs: Row[], replies: Map<string, ReplyField[]> }

type Fail = (detail: string) => never

const sections = { Keys: 'keys', 'Keys per message': 'ownKeys', Arguments: 'args', 'Arguments per message': 'ownArgs', Returns: 'returns' } as const
const KEY_TYPES = ['string', 'hash', 'zset', 'list']
/** An empty number is nil. */
const CONVERSIONS: Record<string, Row['conversion']> = {
  text: 'text', word: 'text', hex: 'text', JSON: 'text', number: 'number', count: 'number', µs: 'number', ms: 'number', s: 'number', flag: 'flag'
}

/** Reads the sections of a header: `-- Keys:` and so on, each with rows of `--   name  type  meaning`. */
export function readHeader (lines: string[], fail: Fail): Header {
  const header: Header = { keys: [], ownKeys: [], args: [], ownArgs: [], replies: new Map() }
  const returned: Array<{ name: string, fields: string }> = []
  let section: (typeof sections)[keyof typeof sections] | undefined
  for (const line of lines) {
    const title = /^-- (Keys|Keys per message|Arguments|Arguments per message|Returns):/.exec(line)?.[1]
    if (title !== undefined) section = sections[title as keyof typeof sections]
    else if (/^--($| \S)/.test(line)) section = undefined
    else if (section === 'returns' && returned.at(-1)?.fields.endsWith(',') === true) {
      // A long list of fields continues in the next line.
      const last = returned.at(-1)
      if (last !== undefined) last.fields += ` ${line.slice(2).trim()}`
    } else if (section !== undefined && /^-- {3}\S/.test(line)) {
      const [name = '', type = '', meaning = ''] = line.slice(5).split(/\s{2,}/)
      if (section === 'returns') returned.push({ name, fields: type })
      else header[section].push(toRow(section, name, type, meaning, fail))
    }
  }
  if (returned.length === 0) fail('the header does not say what the script returns')
  header.replies = toReplies(returned)
  return header
}

function toRow (section: string, name: string, type: string, meaning: string, fail: Fail): Row {
  if (meaning === '') fail(`"${name}" needs a type and a meaning`)
  const isKey = section === 'keys' || section === 'ownKeys'
  const conversion = isKey ? 'text' : CONVERSIONS[type]
  if (conversion === undefined || (isKey && !KEY_TYPES.includes(type))) return fail(`"${name}" has an unknown type: ${type}`)
  return { name, type, conversion }
}

/** `status  a, b?, c[]`: `?` marks a flag, and a row `c[]` names the fields of each entry of c. */
function toReplies (rows: Array<{ name: string, fields: string }>): Map<string, ReplyField[]> {
  const lists = new Map<string, ReplyField[]>()
  const fieldOf = (text: string): ReplyField => ({
    name: text.replace(/\?$|\[\]$/, ''), isFlag: text.endsWith('?'), items: text.endsWith('[]') ? lists.get(text) ?? null : null
  })
  const fieldsOf = (text: string): ReplyField[] => text === '' || text === '-' ? [] : text.split(', ').map(fieldOf)
  for (const row of rows) if (row.name.endsWith('[]')) lists.set(row.name, fieldsOf(row.fields))
  return new Map(rows.filter(row => !row.name.endsWith('[]')).map(row => [row.name, fieldsOf(row.fields)]))
}

/** `pair-tat` is `key.pair_tat` in Lua, and `queue:<lane>` is `key.queue`. */
export function nameInLua (name: string): string {
  return name.replace(':<lane>', '').replaceAll('-', '_')
}
