/**
 * Reading a list: every dialect that spreadsheets write, and every fault that would send something else than was meant. The writers below
 * share nothing with the reader. `FUZZ_RUNS=20000` for a long run.
 */
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import writeXlsxFile from 'write-excel-file/node'
import type { PostMessage } from '../../src/client/index.js'
import { UsageError } from '../../src/cli/exit.js'
import { readNumbersOf, keyOf } from '../../src/cli/import/message.js'
import { parseCsv } from '../../src/cli/import/csv.js'
import { decode } from '../../src/cli/import/decode.js'
import { readList, type List, type ReadOptions, type Row } from '../../src/cli/import/read-file.js'
import { createResults, defuse } from '../../src/cli/import/results.js'
import { readXlsx } from '../../src/cli/import/xlsx.js'
import { seedOf } from '../support/seed.js'

const folder = t.testdir()
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 60)
const seed = seedOf('test/cli/list')
const fuzz = { numRuns, seed }
const options: ReadOptions = { columns: {}, hasContent: false, ignoreUnknown: false, format: undefined, defaults: { priority: 'bulk' } }
let files = 0

type Options = Partial<Omit<ReadOptions, 'defaults'>> & { defaults?: Partial<ReadOptions['defaults']>, name?: string }

async function read (content: string | Uint8Array, { name = 'list.csv', defaults = {}, ...more }: Options = {}): Promise<List> {
  const file = join(folder, `${++files}-${name}`)
  writeFileSync(file, content)
  return await readList(file, { ...options, ...more, defaults: { ...options.defaults, ...defaults } })
}

const messageOf = (row: Row | undefined): PostMessage | undefined => row !== undefined && 'message' in row ? row.message : undefined
const pairsOf = ({ rows }: List): unknown[] => rows.map(row => 'message' in row ? [row.message.to, row.message.message] : row.problem.reason)
const both = [['+5521999990051', 'Olá, você'], ['+5521999990052', 'Ação; 50%']]

/** `sep`: with a first line `sep=`; `end`: with a line end after the last row. */
interface Dialect {
  delimiter: string
  eol: string
  encoding: 'utf8' | 'utf8-mark' | 'utf16le' | 'utf16be' | 'latin1'
  sep: boolean
  quoteAll: boolean
  end: boolean
}

/** As spreadsheets write: cells with a special character in quotes. */
function write (table: string[][], { delimiter, eol, encoding, sep, quoteAll, end }: Dialect): Buffer {
  const isSpecial = (cell: string): boolean => quoteAll || [...cell].some(char => `"\r\n${delimiter}`.includes(char))
  const written = table.map(cells => cells.map(cell => isSpecial(cell) ? `"${cell.split('"').join('""')}"` : cell).join(delimiter))
  const text = (sep ? `sep=${delimiter}${eol}` : '') + written.join(eol) + (end ? eol : '')
  switch (encoding) {
    case 'utf8': return Buffer.from(text, 'utf8')
    case 'utf8-mark': return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text, 'utf8')])
    case 'latin1': return Buffer.from(text, 'latin1')
    default: {
      const units = Buffer.from(`\ufeff${text}`, 'utf16le')
      return encoding === 'utf16be' ? units.swap16() : units
    }
  }
}

const dialects = fc.record<Dialect>({
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  eol: fc.constantFrom('\n', '\r\n', '\r'),
  encoding: fc.constantFrom('utf8', 'utf8-mark', 'utf16le', 'utf16be', 'latin1'),
  sep: fc.boolean(),
  quoteAll: fc.boolean(),
  end: fc.boolean()
})
const special = fc.constantFrom('"', '""', ',', ';', '\t', '|', '\n', '\r\n', '\r', ' ', '=1+1', "'", 'sep=;', 'é', 'ÿ')
const cellOf = (unit: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.array(fc.oneof(special, unit), { maxLength: 6 }).map(parts => parts.join(''))
const unicode = cellOf(fc.string({ unit: 'grapheme', maxLength: 8 }).map(text => text.replaceAll('\0', '')))
const western = cellOf(fc.string({ unit: fc.integer({ min: 0xa0, max: 0xff }).map(code => String.fromCharCode(code)), maxLength: 8 }))

await t.test('any table in any dialect arrives exactly, or is refused', async t => {
  const tables = dialects.chain(dialect => fc.tuple(
    fc.constant(dialect),
    fc.integer({ min: 0, max: 3 }).chain(more => fc.array(fc.array(dialect.encoding === 'latin1' ? western : unicode, {
      minLength: 2 + more, maxLength: 2 + more
    }), { maxLength: 12 }))))
  fc.assert(fc.property(tables, ([dialect, body]) => {
    const width = body[0]?.length ?? 2
    const table = [['to', 'message', 'a', 'b', 'c'].slice(0, width), ...body]
    const text = decode(write(table, dialect), dialect.encoding === 'latin1' ? 'latin1' : undefined)
    const { records, delimiter } = parseCsv(text, { rate: names => names.filter(name => ['to', 'message'].includes(name)).length })
    assert.equal(delimiter, dialect.delimiter)
    assert.deepEqual(records.map(({ cells }) => cells), table)
  }), fuzz)
})

await t.test('a list in any dialect gives the messages that were written, and every row is accounted for', async t => {
  const people = fc.array(fc.tuple(fc.integer({ min: 0, max: 999_999 }), unicode), { minLength: 1, maxLength: 10 })
  await fc.assert(fc.asyncProperty(dialects, people, async (dialect, rows) => {
    const encoding = dialect.encoding === 'latin1' ? 'utf8' : dialect.encoding
    const table = rows.map(([number, text]) => [`+5521999${String(number).padStart(6, '0')}`, text, 'x'])
    const list = await read(write([['Celular', 'Mensagem', 'Nome'], ...table], { ...dialect, encoding }), { ignoreUnknown: true }).catch(rejected)
    if (list === null) return
    assert.equal(list.rows.length + list.empty, table.length)
    for (const [i, row] of list.rows.entries()) {
      const message = messageOf(row)
      if (message === undefined) continue
      assert.deepEqual([message.to, message.message], [table[i]?.[0], table[i]?.[1]?.trim().replaceAll(/\r\n?/g, '\n')])
    }
  }), fuzz)
})

function rejected (error: unknown): null {
  if (error instanceof UsageError) return null
  throw error
}

await t.test('a quote too many or too few never sends a text that was not written', async t => {
  const words = fc.string({ unit: fc.constantFrom(...'abc ,;"\né'), maxLength: 12 }).map(text => `${text}.`)
  const rows = fc.array(words, { minLength: 1, maxLength: 8 })
  const place = fc.double({ min: 0, max: 1, noNaN: true })
  // One quote of any kind, or two new ones. Without both quotes of a cell the file is another valid one.
  const faults = fc.oneof(
    place.map(where => ({ remove: [where], add: [] })), fc.array(place, { minLength: 1, maxLength: 2 }).map(add => ({ remove: [], add })))
  let rejections = 0
  await fc.assert(fc.asyncProperty(dialects, rows, faults, fc.boolean(), async (dialect, texts, { remove, add }, numberFirst) => {
    const numberOf = (i: number): string => `+55219999900${i}${i}`
    const table = texts.map((text, i) => numberFirst ? [numberOf(i), text] : [text, numberOf(i)])
    let text = write([numberFirst ? ['to', 'message'] : ['message', 'to'], ...table], { ...dialect, encoding: 'utf8', sep: false }).toString()
    for (const where of remove) {
      const quotes = [...text.matchAll(/"/g)].map(({ index }) => index)
      const index = quotes[Math.floor(where * (quotes.length - 1))]
      if (index !== undefined) text = text.slice(0, index) + text.slice(index + 1)
    }
    for (const index of add.map(where => Math.floor(where * text.length))) text = `${text.slice(0, index)}"${text.slice(index)}`
    const list = await read(text).catch(rejected)
    if (list === null) rejections++
    const plain = (value: unknown): string => String(value).replaceAll('"', '').replaceAll(/\r\n?/g, '\n').trim()
    return (list?.rows ?? []).map(messageOf).every(message => message === undefined ||
      texts.some((written, i) => plain(written) === plain(message.message) && message.to === numberOf(i)))
  }), fuzz)
  t.ok(rejections > 0)
  const cut = await read('to,message\n+5521999990051,Hello\nhow are you\n+5521999990052,Hi\n+5521999990053\n+5521999990054,Hi')
  t.match(cut.rows, [
    { problem: { reason: /go on in the next row/ } }, { problem: {} }, { message: { message: 'Hi' } }, { problem: {} }, { message: {} }
  ], 'without its quotes a line break cuts a text: that row is rejected as well')
})

await t.test('cells of a workbook arrive exactly', async t => {
  // The writer leaves out U+FFFD and the two after it.
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).map(value => value.replaceAll(/[^\P{C}\n]|[\ufffd-\uffff]/gu, '·'))
  const numbers = fc.integer({ min: 1_000_000, max: 999_999_999_999_999 })
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.oneof(text, numbers), text), { minLength: 1, maxLength: 8 }), async table => {
    const cells = table.map(row => row.map(value => ({ value, type: typeof value === 'string' ? String : Number })))
    const file = await writeXlsxFile(cells as unknown as Parameters<typeof writeXlsxFile>[0]).toBuffer()
    // The writer damages a workbook with a text such as "toString".
    const rows = await readXlsx(file, undefined).catch(rejected)
    if (rows !== null) assert.deepEqual(rows.map(row => row.cells), table.map(row => row.map(String)))
  }), { ...fuzz, numRuns: Math.ceil(numRuns / 5) })
})

await t.test('lines of NDJSON arrive exactly, and bad ones alone are rejected', async t => {
  const good = fc.dictionary(fc.string({ maxLength: 5 }).filter(name => name !== '__proto__'), fc.jsonValue(), { maxKeys: 4 })
    .map(value => ({ text: JSON.stringify(value), isBad: false }))
  const bad = fc.constantFrom('{"to":12', 'nonsense', '[]', '7', '{"to":120363043211234567}', '{"a":1e999}', '{"a":"\\ud800"}')
    .map(text => ({ text, isBad: true }))
  const lines = fc.array(fc.oneof(good, bad), { minLength: 1, maxLength: 10 })
  await fc.assert(fc.asyncProperty(lines, fc.constantFrom('\n', '\r\n'), fc.boolean(), async (written, eol, mark) => {
    const { rows } = await read((mark ? '\ufeff' : '') + written.map(({ text }) => text).join(eol), { name: 'list.ndjson' })
    return rows.length === written.length && rows.every((row, i) => {
      const line = written[i] ?? { text: '', isBad: true }
      // What cannot be sent as it was written may be rejected; nothing else arrives than what was written.
      if (!('message' in row)) return line.isBad || /\d{16}|e[+-]?\d\d|\\u/.test(line.text)
      return !line.isBad && JSON.stringify(row.message) === JSON.stringify({ priority: 'bulk', ...JSON.parse(line.text) as object })
    })
  }), fuzz)
})

await t.test('what spreadsheets write is read: separators, encodings, marks, names of columns', async t => {
  const table = [['Phone Number', 'Mensagem'], ...both] as string[][]
  const dialect: Dialect = { delimiter: ',', eol: '\r\n', encoding: 'utf8', sep: false, quoteAll: false, end: true }
  const changes: Array<Partial<Dialect>> = [
    {}, { delimiter: ';' }, { delimiter: '\t', encoding: 'utf16le' }, { delimiter: ';', sep: true, encoding: 'utf8-mark' }
  ]
  for (const change of changes) {
    t.strictSame(pairsOf(await read(write(table, { ...dialect, ...change }))), both, JSON.stringify(change))
  }
  t.strictSame(pairsOf(await read(write(table, { ...dialect, encoding: 'latin1' }), { encoding: 'windows-1252' })), both)
  await t.rejects(read(write(table, { ...dialect, encoding: 'latin1' })), { message: /^line 2 is not UTF-8.*CSV UTF-8.*--encoding/ })
  await t.rejects(read(Buffer.from('to,message\n+5521999990051,Hi\n', 'utf16le')), { message: /NUL characters/ })
  for (const name of ['TO', ' phone ', 'Mobile', 'telefone', 'Número', 'Celular', 'WhatsApp', 'Teléfono', 'Handynummer']) {
    t.strictSame(pairsOf(await read(`${name};Texto\n+5521999990051;Oi`)), [['+5521999990051', 'Oi']], name)
  }
  t.strictSame(pairsOf(await read('Contato;Texto\n+5521999990051;Oi', { columns: { to: 'contato' } })), [['+5521999990051', 'Oi']])
})

await t.test('a head that cannot be understood is rejected before anything is sent', async t => {
  const cases: Array<[text: string, message: RegExp, options?: Options]> = [
    ['', /^the file is empty/],
    ['to,message\n', /no rows to send/],
    ['to,message,to\n+1,x,+2', /two columns are called "to" and "to"/],
    ['to,Message,message\n+1,x,+2', /two columns are called "Message" and "message"/],
    ['nome;texto\nAna;Oi', /no column names the recipient's number[^]*"nome", "texto"/],
    ['phone,mobile,message\n1,2,x', /"phone" and "mobile" may both be to/],
    ['to,email\n+1,x', /no column has the text/],
    ['to,message,email\n+1,x,y', /not used: "email"/],
    ['to,message\n+1,x', /there is no column "Fone" for to/, { columns: { to: 'Fone' } }],
    ['to,name\n+1,x', /\{\{nome\}\} names no column/, { hasContent: true, defaults: { text: 'Oi {{nome}}' } }],
    ['to,message\n+5521999990051,Hi\n+5521999990052,"Hello" Anna\n+5521999990053,Hi',
      /quotation mark is wrong in row 3 \(line 3\)[^]*Nothing was sent/],
    ['to,message\n+5521999990051,"Hi\n+5521999990052,Hi"\n', /row 2 has a cell with another row inside/]
  ]
  for (const [text, message, more] of cases) await t.rejects(read(text, more), { message }, text)
  await t.rejects(read('x', { name: 'list.xls' }), { message: /Save the \.xls file as \.xlsx/ })
  await t.rejects(read('x', { name: 'list.xlsx' }), { message: /^not a readable workbook/ })
})

await t.test('a row that would send something else is rejected, and its neighbours are not', async t => {
  const rejected = async (row: string, reason: RegExp, more?: Options): Promise<void> => {
    const text = `to;type;message;nome;scheduledFor\n+5521999990051;;Oi;Ana;\n${row}\n+5521999990052;;Oi;Ana;`
    const { rows } = await read(text, { ignoreUnknown: true, ...more })
    t.strictSame(rows.map(one => 'message' in one), [true, false, true], row)
    t.match(rows[1], { row: 3, problem: { reason } }, row)
  }
  await rejected('5,52E+12;;Oi;;', /shortened the number/)
  await rejected('5521999990041.0;;Oi;;', /spreadsheet has made a number of it/)
  await rejected('021999990042;;Oi;;', /No country code begins with 0/)
  await rejected(';;Oi;;', /number is missing/)
  await rejected('+5521999990041;;;;', /text is missing/)
  await rejected('+5521999990041;;Oi {{nome}};;', /"nome" is empty/)
  await rejected('+5521999990041;;Oi {{name}};;', /\{\{name\}\}, which is not a column/)
  await rejected('+5521999990041;template;hello_world;;', /type is template, and the message is not the JSON/)
  await rejected('+5521999990041;;"{""name"":""hello_world""}";;', /text is JSON/)
  await rejected('+5521999990041;image;"{""type"":""video""}";;', /type differs/)
  await rejected('+5521999990041;;#N/D;;', /error of the spreadsheet/)
  await rejected('+5521999990041;;Ol\ufffd;;', /characters that were lost/)
  await rejected('+5521999990041;;Oi', /more or fewer cells/)
  await rejected('999990041;;Oi;;', /not a number of BR: the area code may be missing/, { defaults: { toInternational: await readNumbersOf('br') } })
})

await t.test('national numbers, texts of people and web pages, and apostrophes of spreadsheets become numbers', async t => {
  const toInternational = await readNumbersOf('BR')
  const numbers = [
    '21 99999-0051', '(021) 99999-0051', '+55 21 99999-0051', '5521999990051', '0055 21 99999-0051', "'+5521999990051",
    '\u202a+55\u00a021\u201199999-0051\u202c'
  ]
  const list = await read(`to\n${numbers.join('\n')}`, { hasContent: true, defaults: { text: 'Oi', toInternational } })
  t.strictSame(pairsOf(list), numbers.map(() => ['+5521999990051', 'Oi']))
  await t.rejects(readNumbersOf('Brazil'), { message: /two letters/ })
  const keys = ['+55 21 99999-0051', '552199990051'].map(to => keyOf('', { to, message: 'x' } as PostMessage))
  t.equal(keys[0], keyOf('', { to: '+5521999990051', message: 'x', priority: 'normal' } as PostMessage), 'a lane does not make another message')
  t.not(keys[0], keyOf('autumn', { to: '+5521999990051', message: 'x' } as PostMessage))
})

await t.test('templates are sent as templates', async t => {
  const columns = { 'param.1': 'Nome', 'param.2': 'Pedido', 'header.image': 'Foto', 'button.0': 'Pedido' }
  const defaults = { template: 'promo', language: 'pt_BR' }
  const { rows } = await read('Celular;Nome;Pedido;Foto\n+5521999990051;Ana;A-1;https://example.com/a.png\n+5521999990052;"A\nB";A-2;x',
    { columns, hasContent: true, defaults })
  t.strictSame(messageOf(rows[0])?.message, {
    type: 'template',
    template: {
      name: 'promo',
      language: { code: 'pt_BR' },
      components: [
        { type: 'header', parameters: [{ type: 'image', image: { link: 'https://example.com/a.png' } }] },
        { type: 'body', parameters: [{ type: 'text', text: 'Ana' }, { type: 'text', text: 'A-1' }] },
        { type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: 'A-1' }] }
      ]
    }
  })
  t.match(rows[1], { problem: { reason: /line break/ } })
  const own = await read('to,template,language,param.first_name\n+5521999990051,promo,en,Ana')
  t.match(messageOf(own.rows[0])?.message, {
    template: { name: 'promo', components: [{ type: 'body', parameters: [{ parameter_name: 'first_name', text: 'Ana' }] }] }
  })
  const json = await read('to,type,message\n+5521999990051,template,"{""name"":""promo"",""language"":{""code"":""en""}}"')
  t.match(messageOf(json.rows[0])?.message, { type: 'template', template: { name: 'promo' } })
})

await t.test('a workbook: whole numbers, dates and sheets', async t => {
  const rows = [
    [{ value: 'Telefone' }, { value: 'Nome' }, { value: 'Valor' }],
    [{ value: 5521999990051, type: Number }, { value: 'Ana' }, { value: 19.9, type: Number }],
    [{ value: 123456789012345680, type: Number }, { value: 'Bia' }, { value: 1, type: Number }],
    [{ value: '+5521999990053' }, { value: 'Caio' }, { value: new Date(0), type: Date, format: 'dd/mm/yyyy' }]
  ] as unknown as Parameters<typeof writeXlsxFile>[0]
  const one = await writeXlsxFile(rows).toBuffer()
  const list = await read(one, { name: 'list.xlsx', hasContent: true, defaults: { text: '{{nome}}: {{valor}}' } })
  t.match(pairsOf(list), [['+5521999990051', 'Ana: 19.9'], /more than 15 digits/, /"Valor" is a date/])
})

await t.test('the results are safe to open in a spreadsheet, and a row that is missing is an error', async t => {
  t.strictSame(['=1+1', '+55', '-1', '@x', '\t', '\uff1d1', 'a=1'].map(defuse), ["'=1+1", "'+55", "'-1", "'@x", "'\t", "'\uff1d1", 'a=1'])
  const file = join(folder, 'results.csv')
  const results = createResults(file, ';')
  results.add({ row: 2, to: '+5521999990051', status: 'accepted', id: 'a' })
  results.add({ row: 3, to: '=cmd', status: 'rejected', problem: { code: 'INVALID_ROW', reason: 'a; "b"' } })
  t.throws(() => results.close(3), /internal error: 3 rows were read, and 2 are accounted for/)
  t.equal(readFileSync(file, 'utf8'), '\ufeffrow;status;to;reason;code;field;id\r\n' +
    "2;accepted;'+5521999990051;;;;a\r\n3;rejected;'=cmd;\"a; \"\"b\"\"\";INVALID_ROW;;\r\n")
})
