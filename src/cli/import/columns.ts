import { UsageError } from '../exit.js'

/** Where the parts of a message come from: the index of a column for each field. */
export interface Plan {
  /** By field: `to`, `message`, `template`, `metadata.orderId`, `param.1`, `header.image`, `button.0` … */
  fields: Map<string, number>
  /** By name, for `{{name}}` in a text. */
  names: Map<string, number>
  columns: string[]
}

export interface PlanOptions {
  /** Field to name of column, from `--column`, `--param`, `--header` and `--button`. */
  columns: Record<string, string>
  /** `--template` or `--text` gives the content, so no column has to. */
  hasContent: boolean
}

/** Fields of POST /messages that a cell can have, and those of a template. */
const fieldNames = [
  'to', 'recipient', 'group', 'message', 'type', 'template', 'language', 'idempotencyKey', 'timestamp', 'deduplicate', 'priority', 'category',
  'sender', 'campaign', 'expiresInMs', 'scheduledFor', 'onUnknown'
]
const prefixes = ['metadata.', 'param.', 'header.', 'button.']

/** Other names of columns, as `nameOf` writes them. */
const synonyms: Record<string, string> = Object.fromEntries(Object.entries({
  to: 'phone,phonenumber,phoneno,mobile,mobilephone,mobilenumber,mobileno,cell,cellphone,cellnumber,tel,telephone,telephonenumber,number,msisdn,' +
    'whatsapp,whatsappnumber,telefone,telefonecelular,telefonemovel,celular,numero,numerodetelefone,numerodecelular,numerodowhatsapp,fone,' +
    'telefono,telefonocelular,movil,numerodetelefono,numerodemovil,telefon,telefonnummer,rufnummer,handy,handynummer,mobil,mobilnummer,nummer,' +
    'mobiltelefon,portable,telephoneportable,cellulare',
  message: 'msg,text,texto,mensagem,mensaje,nachricht,messagetext,body,sms,conteudo,texte,testo,messaggio',
  template: 'templatename,modelo,plantilla,vorlage',
  language: 'lang,idioma,sprache,locale',
  scheduledFor: 'sendat,scheduledat',
  priority: 'prioridade,prioridad',
  category: 'categoria'
}).flatMap(([field, names]) => names.split(',').map(name => [name, field])))

/** A column's name without case, accents, spaces and punctuation. */
export function nameOf (column: string): string {
  return column.normalize('NFD').replaceAll(/[^\p{L}\p{N}.]/gu, '').toLowerCase()
}

const byName = new Map(fieldNames.map(field => [nameOf(field), field]))

function fieldOf (column: string): string | undefined {
  const name = nameOf(column)
  const prefix = prefixes.find(start => name.startsWith(start) && name.length > start.length)
  return prefix === undefined ? byName.get(name) ?? synonyms[name] : prefix + column.trim().slice(prefix.length)
}

/** How many of these names are known or used: the right delimiter of a file gives the most. */
export function countKnown (names: string[], options: PlanOptions): number {
  const used = new Set(Object.values(options.columns).map(nameOf))
  return names.filter(name => fieldOf(name) !== undefined || used.has(nameOf(name))).length
}

/** What `--text` or `--template` says for all rows: a column of this name is one for a parameter. */
const content = new Set(['message', 'template', 'language', 'type'])

/** The columns that are used. Throws UsageError for a head that cannot be understood: before anything is sent. */
export function planColumns (columns: string[], options: PlanOptions): Plan {
  const names = new Map<string, number>()
  for (const [i, column] of columns.entries()) {
    if (column === '') continue
    const same = names.get(nameOf(column))
    if (same !== undefined) throw rejection(`two columns are called "${columns[same]}" and "${column}": rename or remove one`, columns)
    names.set(nameOf(column), i)
  }
  if (names.size === 0) throw new UsageError('the file is empty: its first row names the columns, such as to and message')
  const fields = new Map<string, number>()
  for (const [field, column] of Object.entries(options.columns)) {
    const index = names.get(nameOf(column))
    if (index === undefined) throw rejection(`there is no column "${column}" for ${field}`, columns)
    fields.set(field, index)
  }
  const given = new Set(fields.values())
  const byField = new Map<string, number[]>()
  for (const [i, column] of columns.entries()) {
    const field = given.has(i) ? undefined : fieldOf(column)
    if (options.hasContent && content.has(field ?? '')) continue
    if (field !== undefined && !fields.has(field)) byField.set(field, [...byField.get(field) ?? [], i])
  }
  for (const [field, indexes] of byField) {
    // The field's own name wins over a synonym.
    const exact = indexes.filter(index => nameOf(columns[index] ?? '') === nameOf(field))
    const [index = 0, other] = exact.length > 0 ? exact : indexes
    if (other !== undefined) {
      throw rejection(`"${columns[index]}" and "${columns[other]}" may both be ${field}: choose with --column ${field}="${columns[index]}"`, columns)
    }
    fields.set(field, index)
  }
  if (!['to', 'recipient', 'group'].some(field => fields.has(field))) {
    throw rejection('no column names the recipient\'s number: call it "to", or use --column to="NAME"', columns)
  }
  if (!options.hasContent && !['message', 'template'].some(field => fields.has(field))) {
    throw rejection('no column has the text: call it "message", use --column message="NAME", or give --text or --template', columns)
  }
  return { fields, names, columns }
}

/** Throws UsageError for columns that neither a field nor one of the texts uses: a misspelt name would be left out in silence. */
export function rejectUnused ({ fields, names, columns }: Plan, texts: Iterable<string>): void {
  const used = new Set(fields.values())
  for (const text of texts) for (const name of placeholdersIn(text)) used.add(names.get(nameOf(name)) ?? -1)
  const unused = columns.filter((column, i) => column !== '' && !used.has(i))
  if (unused.length === 0) return
  const [first = ''] = unused
  throw rejection(`not used: ${unused.map(name => `"${name}"`).join(', ')}. Use a column in the text as {{${first}}}, name its field with ` +
    `--column FIELD="${first}", or leave all of them out with --ignore-unknown`, columns)
}

function rejection (problem: string, columns: string[]): UsageError {
  const shown = columns.filter(column => column !== '').map(column => `"${column}"`).join(', ')
  return new UsageError(`${problem}\nThe columns of the file are: ${shown}. Nothing was sent.`)
}

const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g

/** The names in `{{name}}` of a text. */
export function placeholdersIn (text: string): string[] {
  return text.includes('{{') ? [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name) : []
}

/** Whether a text has `{{` or `}}` that belongs to no `{{name}}`: the customer would read it. */
export function hasStrayBraces (text: string): boolean {
  return /\{\{|\}\}/.test(text.replaceAll(PLACEHOLDER, ''))
}

/** The index of the column of a `{{name}}`; throws UsageError if there is none. */
export function columnOf ({ names, columns }: Pick<Plan, 'names' | 'columns'>, name: string): number {
  const index = names.get(nameOf(name))
  if (index === undefined) throw rejection(`{{${name}}} names no column`, columns)
  return index
}

/** A text with the values of its `{{name}}`. */
export function fillIn (text: string, valueOf: (name: string) => string): string {
  return text.replaceAll(PLACEHOLDER, (_, name: string) => valueOf(name))
}
