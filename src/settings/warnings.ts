/** Warnings of a start: settings that are valid, but risky or probably not meant. */
import type { Config } from '../config.js'
import { findSimilar } from './problems.js'
import { ConfigSchema } from './schema.js'

/** Only the gateway has settings with these first words; other programs on a machine share words such as LOG and REDIS. */
const OWN = /^(WHATSAPP|CALLBACK|IDEMPOTENCY)_/
/** Docker and Kubernetes set these for a service of any name, such as `redis`. */
const OF_SERVICES = /_(SERVICE_(HOST|PORT).*|PORT(_\d+_(TCP|UDP).*)?)$/

/** Variables that are probably meant as settings: a misspelt name has no effect. */
export function unknownNames (env: NodeJS.ProcessEnv): string[] {
  const names = Object.keys(ConfigSchema.properties)
  const lowerCase = names.filter(name => name.endsWith('_PROXY')).map(name => name.toLowerCase())
  const known = new Set([...names, ...names.map(name => `${name}_FILE`), ...lowerCase])
  const unknown = Object.keys(env).filter(name => env[name] !== '' && !known.has(name) && !OF_SERVICES.test(name))
  return unknown.flatMap(name => {
    const similar = findSimilar(name, names) ?? findSimilar(name, names.map(one => `${one}_FILE`))
    if (!OWN.test(name) && (similar === null || name.length < 6 || !hasSameWords(name, similar))) return []
    return [`${name.slice(0, 64)} is not a setting and has no effect${similar === null ? '' : `; did you mean ${similar}?`}`]
  })
}

/** A typing error changes letters or loses a `_`. A name with another word, such as IS_SANDBOX, belongs to another program. */
function hasSameWords (name: string, setting: string): boolean {
  const words = (text: string): number => text.split('_').length
  return words(name) === words(setting) || name.replaceAll('_', '').length === setting.replaceAll('_', '').length
}

/** `set`: the values as they were written. */
export function warn (config: Config, set: Readonly<Record<string, string>>): string[] {
  return [...warnOfWhatsApp(config), ...warnOfUnused(config), ...warnOfRisks(config), ...warnOfSeconds(set)]
}

function warnOfWhatsApp (config: Config): string[] {
  const warnings: string[] = []
  for (const url of new Set(config.senders.map(({ apiUrl }) => apiUrl))) {
    const name = url === config.WHATSAPP_API_URL ? 'WHATSAPP_API_URL' : `the apiUrl ${url}`
    const version = /\/v(\d+)\.\d+\/?$/.exec(url)?.[1]
    if (!config.sandbox && version === undefined) warnings.push(`${name} names no version: Meta responds with the oldest it still has`)
    if (version !== undefined && Number(version) <= 20) warnings.push(`${name} names v${version}.0, which Meta has retired`)
    if (!config.sandbox && /^http:\/\/graph\.facebook\.com/i.test(url)) {
      warnings.push(`${name} has no TLS: access tokens cross the network in clear text`)
    }
  }
  const { default: example } = ConfigSchema.properties.WHATSAPP_PHONE_NUMBER_ID
  if (!config.sandbox && config.WHATSAPP_SENDERS_FILE === '' && config.WHATSAPP_PHONE_NUMBER_ID === example) {
    warnings.push('WHATSAPP_PHONE_NUMBER_ID is not set: WhatsApp rejects the example that is its default')
  }
  return warnings
}

function warnOfUnused (config: Config): string[] {
  const warnings: string[] = []
  if (config.WHATSAPP_SENDERS_FILE !== '' && config.WHATSAPP_ACCESS_TOKEN !== '') {
    warnings.push('WHATSAPP_ACCESS_TOKEN is not used: each sender of WHATSAPP_SENDERS_FILE has its own')
  }
  if (config.CALLBACK_URL === '' && config.callbackKeys.length > 0) warnings.push('CALLBACK_SECRET is not used: CALLBACK_URL is empty')
  if (config.BULK_HOLD_MS > 0 && config.senders.every(({ appSecrets }) => appSecrets.length === 0)) {
    warnings.push('BULK_HOLD_MS is not used: without WHATSAPP_APP_SECRET no statuses come')
  }
  if (config.SANDBOX_URL !== '' && !config.sandbox) warnings.push('SANDBOX_URL is not used: a real access token is set')
  return warnings
}

function warnOfRisks (config: Config): string[] {
  const warnings: string[] = []
  const intervalMs = Math.min(...config.senders.map(({ rules }) => rules.pairIntervalMs))
  if (intervalMs < 6000) {
    warnings.push(
      `one message per ${intervalMs} ms and recipient is faster than Meta documents (one per 6,000 ms, with short bursts). ` +
        'Steady traffic to one recipient can meet error 131056; WHATSAPP_RATE_PRESET=meta keeps to Meta\'s rule'
    )
  }
  if (config.senders.some(({ onUnknown, appSecrets }) => appSecrets.length === 0 && (onUnknown ?? config.UNKNOWN_OUTCOME) === 'retry')) {
    warnings.push(
      'without webhooks the outcome of a request without a response stays unknown. The message is held for one step of the retry schedule and ' +
        'then sent again, perhaps a second time. UNKNOWN_OUTCOME=fail never sends it again'
    )
  }
  if (config.senders.some(({ appSecrets }) => appSecrets.length > 0) && config.WHATSAPP_VERIFY_TOKEN === '' && !config.sandbox) {
    warnings.push('WHATSAPP_VERIFY_TOKEN is empty: Meta cannot verify this address and sends no webhooks, although WHATSAPP_APP_SECRET is set')
  }
  return warnings
}

/** A duration of a second or more that is set to so few ms was probably meant in seconds. */
const SECONDS_SHARE = 500

function warnOfSeconds (set: Readonly<Record<string, string>>): string[] {
  return Object.entries(ConfigSchema.properties).flatMap(([name, { default: standard }]) => {
    const [value, usual] = [Number(set[name]?.split(',')[0] ?? 0), Number(String(standard).split(',')[0])]
    if (!name.endsWith('_MS') || !(usual >= 1000) || !(value > 0) || value > usual / SECONDS_SHARE) return []
    return [`${name} is ${value} ms: if ${value} s are meant, set ${value * 1000}`]
  })
}
