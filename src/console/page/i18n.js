/** The texts of the page in the reader's language. */
import { en } from './text-en.js'
import { es } from './text-es.js'
import { pt } from './text-pt.js'

const texts = { en, es, pt }
export const languages = { en: 'English', es: 'Español', pt: 'Português' }
const STORAGE_KEY = 'sluice-language'

function chosen () {
  const storage = globalThis.localStorage?.getItem?.(STORAGE_KEY)
  if (Object.hasOwn(texts, storage ?? '')) return storage
  const wanted = (globalThis.navigator?.languages ?? []).map(name => name.slice(0, 2)).find(name => Object.hasOwn(texts, name))
  return wanted ?? 'en'
}

let current = chosen()
export const language = () => current
/** With the reader's region, for dates and numbers, where the browser is set to the same language. */
export const locale = () => {
  const own = globalThis.navigator?.language ?? 'en'
  return own.startsWith(current) ? own : { en: 'en-GB', es: 'es', pt: 'pt-BR' }[current]
}

export function setLanguage (name) {
  current = name
  globalThis.localStorage?.setItem?.(STORAGE_KEY, name)
}

/** A text with its values put in. Values are plain text: the page inserts them as text nodes. */
export function t (key, values = {}, name = current) {
  const text = texts[name][key] ?? texts.en[key]
  return text === undefined ? key : fill(text, values)
}

/** A text that depends on a number: `key.one` or `key.other`, with the number grouped as `{n}`. */
export function tn (key, count, values = {}) {
  const form = new Intl.PluralRules(current).select(count) === 'one' ? 'one' : 'other'
  return t(`${key}.${form}`, { n: new Intl.NumberFormat(locale(), { useGrouping: 'always' }).format(count), ...values })
}

export const has = key => Object.hasOwn(texts.en, key)

function fill (text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => Object.hasOwn(values, name) ? String(values[name]) : whole)
}
