import { createHash } from 'node:crypto'
import { isJsonObject } from './values/json.js'

/** A template in one language. Meta writes `en_US` in responses and `en-US` in some webhooks. */
export interface TemplateName { name: string, language: string }

/** The template that a message is made of; null for any other message, or one whose template cannot be read. */
export function templateOf (type: string, message: string | Record<string, unknown>): TemplateName | null {
  if (type !== 'template' || typeof message === 'string') return null
  const { name, language } = isJsonObject(message['template']) ? message['template'] : message
  const code = isJsonObject(language) ? language['code'] : undefined
  return readTemplateName(name, code)
}

/** A name and a language of another system; null if one of them cannot be that of a template. */
export function readTemplateName (name: unknown, language: unknown): TemplateName | null {
  return typeof name === 'string' && typeof language === 'string' && isPlain(name) && isPlain(language) ? { name, language } : null
}

/** Its spelling, in logs, in the API and in Redis: `order_ready en_us`. */
export function spellTemplate ({ name, language }: TemplateName): string {
  return `${name} ${language.toLowerCase().replaceAll('-', '_')}`
}

/** The inverse of `spellTemplate`. */
export function parseTemplate (text: string): TemplateName {
  const [name = '', language = ''] = text.split(' ')
  return { name, language }
}

/** The template in keys of Redis: eleven characters of a hash, so that a long name takes no more memory in each message. */
export function hashTemplate (template: TemplateName): string {
  return createHash('sha256').update(spellTemplate(template)).digest('base64url').slice(0, 11)
}

/** No name of a template has a space; one with a line break would damage a record. */
function isPlain (text: string): boolean {
  return /^[^\s\p{C}]{1,512}$/u.test(text)
}
