/**
 * A textlint rule: each word is in cspell's English dictionary or in the project's (.ci/dictionary.txt). Code and addresses are not checked:
 * the rule reads what textlint's Markdown parser calls text.
 */
import { readFileSync } from 'node:fs'
import { spellCheckDocument } from 'cspell-lib'
import { at } from './kit.mjs'

const words = readFileSync(at('.ci/dictionary.txt'), 'utf8').split('\n').filter(line => line !== '' && !line.startsWith('#'))
const options = { noConfigSearch: true, generateSuggestions: false }
// Names with `_`, `=` or `:` in them, `$variables` and absolute paths are code, also where no code marks stand. A possessive `'s` is English.
const ignoreRegExpList = ['/\\S*(?:[=_$]|:\\w)\\S*/g', '/(?<=^|\\s)\\/\\S+/g', "/(?<=\\w)'s\\b/g"]
const settings = {
  words,
  ignoreRegExpList,
  dictionaries: ['en_us'],
  language: 'en-US',
  minWordLength: 3,
  maxNumberOfProblems: 10_000,
  maxDuplicateProblems: 10_000
}

export function spelling ({ Syntax, RuleError, getSource, locator, report }) {
  const places = []
  return {
    [Syntax.Str]: ({ value, range }) => { places.push({ value, range }) },
    async [Syntax.DocumentExit] (node) {
      // Blanks stand for what is not text, so that offsets stay.
      let text = ''
      for (const { range: [from, to] } of places) text = `${text.padEnd(from)}${getSource().slice(from, to)}`
      const { issues } = await spellCheckDocument({ uri: 'file:///page.txt', text, languageId: 'plaintext' }, options, settings)
      for (const { text: word, offset } of issues) {
        report(node, new RuleError(`${word} is neither English nor in .ci/dictionary.txt`, { padding: locator.at(offset) }))
      }
    }
  }
}
