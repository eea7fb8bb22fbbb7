/** Meta's list of templates, read without trusting it, and the templates that messages name. */
import t from 'tap'
import { readPage } from '../../src/templates/read.js'
import { hashTemplate, spellTemplate, templateOf } from '../../src/template-name.js'

const page = (data: unknown, paging?: unknown): string => JSON.stringify({ data, paging })

await t.test('a page has statuses in capitals, and the cursor of the next page', t => {
  const text = page([{ name: 'order_ready', language: 'en-US', status: 'paused' }], { cursors: { after: 'MjQZD' }, next: 'https://other.example' })
  t.strictSame(readPage(text), { statuses: [['order_ready en_us', 'PAUSED']], next: 'MjQZD' })
  t.match(readPage(page([], { cursors: { after: 'MjQZD' } })), { next: null }, 'without `next` it is the last page')
  t.end()
})

await t.test('what cannot be read is left out, and anything but a page is no page', t => {
  const odd = [null, 3, {}, { name: 1, language: 'en', status: 'PAUSED' }, { name: 'a', language: 'en', status: 'PAUSED\n' }]
  t.strictSame(readPage(page(odd)), { statuses: [], next: null })
  for (const text of ['', '[]', '{"error":{"code":200}}', '{"data":{}}', '<html>']) t.equal(readPage(text), null, text)
  t.end()
})

await t.test('a message names its template in each form that is accepted', t => {
  const template = { name: 'order_ready', language: { code: 'en_US' } }
  const name = { name: 'order_ready', language: 'en_US' }
  t.strictSame(templateOf('template', template), name)
  t.strictSame(templateOf('template', { template }), name)
  t.strictSame(templateOf('template', { type: 'template', template }), name)
  for (const message of ['order_ready', {}, { name: 'a' }, { name: 'a b', language: { code: 'en' } }, { name: 'a', language: 'en' }]) {
    t.equal(templateOf('template', message), null)
  }
  t.equal(templateOf('text', template), null)
  t.end()
})

await t.test('both of Meta\'s spellings of a language are one template', t => {
  t.equal(spellTemplate({ name: 'a', language: 'pt-BR' }), 'a pt_br')
  t.equal(hashTemplate({ name: 'a', language: 'pt-BR' }), hashTemplate({ name: 'a', language: 'pt_BR' }))
  t.not(hashTemplate({ name: 'a', language: 'pt' }), hashTemplate({ name: 'a', language: 'pt_BR' }))
  t.match(hashTemplate({ name: 'a', language: 'pt' }), /^[\w-]{11}$/)
  t.end()
})
