/** Examples of the documentation, as tests run them. */
import { read } from '../contract/tree.js'

/** The code blocks of a language below a heading of a page. */
export function blocks (page: string, heading: string, language: string): string[] {
  const section = read(page).split(/^## /m).find(part => part.startsWith(`${heading}\n`)) ?? ''
  return blocksIn(section, language)
}

/** The code blocks of a language in a whole text. */
export function blocksIn (text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, block = '']) => block)
}
