/** What the gateway notes as `name=value` pairs, such as a filter or a move, in words. Without the page, so that tests can import it. */
import { clock, span } from './format.js'
import { has, t } from './i18n.js'

const PAIRS = /^[a-zA-Z]+=\S*( [a-zA-Z]+=\S*)*$/
const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/
/** Names whose value is a word of the page too. */
const wordsOf = { priority: 'lane', lane: 'lane', state: 'state', reason: 'cause' }

/**
 * Such pairs in words; any other text, such as a note of an operator, as it is, with its moments as the reader's clock shows them, and the length of
 * a pause in front of it in greater units.
 */
export function inWords (text) {
  if (!PAIRS.test(text)) {
    return text.replace(/^\d+ ms(?=; |$)/, length => span(parseInt(length, 10))).replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, iso => clock(iso))
  }
  return text.split(' ').map(pairInWords).join(', ')
}

function pairInWords (pair) {
  const [name, ...rest] = pair.split('=')
  const value = rest.join('=')
  if (!has(`pair.${name}`)) return pair
  if (name === 'scheduledFor' && value === 'now') return t('event.movedNow')
  const word = `${wordsOf[name]}.${value}`
  const known = { true: t('yes'), false: t('no'), null: '–' }
  return `${t(`pair.${name}`)}: ${has(word) ? t(word).toLowerCase() : MOMENT.test(value) ? clock(value) : known[value] ?? value}`
}
