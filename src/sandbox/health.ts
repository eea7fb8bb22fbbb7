import type { Settings } from './settings.js'

/** Meta's errors of a part that is not available, shortened: what is wrong, and what to do. */
const TEXTS: ReadonlyMap<number, readonly [description: string, solution: string]> = new Map([
  [131_031, ['The account is locked.', 'Read the violation in Business Support Home, and appeal there.']],
  [138_024, ['Calls by SIP are not set up.', 'Set up SIP for the number.']],
  [141_006, ['The account has no valid payment method.', 'Add a payment method in WhatsApp Manager.']],
  [141_010, ['The business is not verified.', 'Verify the business.']],
  [141_014, ['The account is banned.', 'Appeal in Business Support Home.']]
])
const ENTITIES = ['PHONE_NUMBER', 'WABA', 'BUSINESS', 'APP']

/** The worst part is the whole, as Meta computes it. */
export function healthOf (sender: string, { health, accountId }: Pick<Settings, 'health' | 'accountId'>): object {
  const ids: Readonly<Record<string, string>> = { PHONE_NUMBER: sender, WABA: accountId, BUSINESS: '506914307656634', APP: '634974688087057' }
  const others = health.map(({ entity }) => entity).filter(entity => !ENTITIES.includes(entity))
  const entities = [...ENTITIES, ...others].map(entity => {
    const { canSend = 'AVAILABLE', code } = health.find(one => one.entity === entity) ?? {}
    return { entity_type: entity, id: ids[entity] ?? '1', can_send_message: canSend, ...code === undefined ? {} : { errors: [errorOf(code)] } }
  })
  const states = entities.map(({ can_send_message: state }) => state)
  return { can_send_message: ['BLOCKED', 'LIMITED'].find(state => states.includes(state)) ?? 'AVAILABLE', entities }
}

function errorOf (code: number): object {
  const [description, solution] = TEXTS.get(code) ?? [`Error ${code}.`, 'Read it in WhatsApp Manager.']
  return { error_code: code, error_description: description, possible_solution: solution }
}
