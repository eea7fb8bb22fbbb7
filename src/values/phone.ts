import { callingCodes } from './calling-codes.js'
import { shown, type Parsed } from './invalid.js'

/** A phone number. `digits` begin with the country code. `isPossible`: numbers of its country may have this length. */
export interface Phone { digits: string, isPossible: boolean }

const allowed = 'a number with its country code: 7 to 15 digits; + in front, and - ( ) and spaces between, are ignored'

/**
 * Some phone numbers have two spellings (Meta, "Business phone numbers"): Brazil with and without the ninth digit, Mexico with and without a 1,
 * Argentina with and without a 9 after the country code. Keys use the longer one.
 */
const spellings: ReadonlyArray<[short: RegExp, long: string]> = [
  [/^55(\d{2})([6-9]\d{7})$/, '55$19$2'],
  [/^52(?!1\d{10}$)(\d{10})$/, '521$1'],
  [/^54(?!9)(\d{10})$/, '549$1']
]

/** By country code, a bit for each possible length of the number behind it; 0: there is no such code. */
const lengthBits = new Int32Array(1000)
for (const [code, lengths] of Object.entries(callingCodes)) {
  for (const length of lengths) lengthBits[Number(code)] = (lengthBits[Number(code)] ?? 0) | (1 << length)
}

/** Reads a phone number in E.164, with or without + and punctuation. Its country code has to exist. Hot path. */
export function parsePhone (text: string, field: string): Parsed<Phone> {
  const digits = digitsOf(text)
  const length = codeLengthOf(digits)
  if (length === 0 || digits.length < 7 || digits.length > 15) {
    const hint = hintFor(text, digits)
    return { invalid: { field, ...shown(text), allowed, ...(hint === undefined ? {} : { hint }) } }
  }
  return { value: { digits, isPossible: isPossible(digits, length) || spellingsOf(digits).some(spelling => isPossible(spelling, length)) } }
}

/** Empty for a text of another form. */
function digitsOf (text: string): string {
  if (/^\+?\d+$/.test(text)) return text.charCodeAt(0) === 0x2b ? text.slice(1) : text
  return text.length <= 40 && /^ *\+?[\d ()-]+$/.test(text) && !text.includes('(0)') ? text.replace(/\D/g, '') : ''
}

/** The digits of the longer spelling, which names a person in keys. */
export function canonicalDigits (digits: string): string {
  // Fast path: only three countries have two spellings.
  if (digits.charCodeAt(0) !== 0x35) return digits
  const found = spellings.find(([short]) => short.test(digits))
  return found === undefined ? digits : digits.replace(found[0], found[1])
}

/** All spellings of the digits of a number, the longer one first. */
export function spellingsOf (digits: string): string[] {
  const long = canonicalDigits(digits)
  const shorter = [long.replace(/^(55\d{2})9(\d{8})$/, '$1$2'), long.replace(/^521(\d{10})$/, '52$1'), long.replace(/^549(\d{10})$/, '54$1')]
  return [...new Set([long, ...shorter])]
}

/** The length of the country code: a prefix of one to three digits, none of which is the prefix of another. 0: there is no such code. */
function codeLengthOf (digits: string): number {
  let code = 0
  for (let length = 1; length <= 3 && length <= digits.length; length++) {
    code = code * 10 + digits.charCodeAt(length - 1) - 0x30
    // No code begins with 0.
    if (code === 0) return 0
    if (lengthBits[code] !== 0) return length
  }
  return 0
}

function isPossible (digits: string, codeLength: number): boolean {
  return ((lengthBits[Number(digits.slice(0, codeLength))] ?? 0) & (1 << (digits.length - codeLength))) !== 0
}

function hintFor (text: string, digits: string): string | undefined {
  if (text.includes('(0)')) return 'Leave out the (0), which is dialled only within the country'
  if (/^\D*00/.test(text)) return 'Write + and the country code instead of 00'
  if (/^\D*0/.test(text)) return 'No country code begins with 0: write the country code instead'
  if (/^[\d ]*\.\d{1,4}$|^\d+([.,]\d+)?[eE]\+?\d+$/.test(text.trim())) return 'A spreadsheet has made a number of it: format the column as text'
  const [hidden] = /[\p{C}\p{Z}]/u.exec(text.replaceAll(' ', '')) ?? []
  if (hidden !== undefined) return `It contains ${nameOf(hidden)}, an invisible character or a special space`
  if (digits.length >= 7 && digits.length <= 15) return 'No country has this code'
  return undefined
}

/** U+00A0 for a non-breaking space. */
function nameOf (letter: string): string {
  return `U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
