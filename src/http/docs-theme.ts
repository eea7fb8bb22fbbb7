/** The look of `/docs`: the console's mark and colours. */
import { readFileSync } from 'node:fs'

const pageOf = (name: string): Buffer => readFileSync(new URL(`../console/page/${name}`, import.meta.url))
const mark = pageOf('icon.svg')

export const docsTheme = {
  title: 'Sluice API',
  css: [{ filename: 'sluice.css', content: pageOf('docs.css').toString() }],
  favicon: [{ filename: 'sluice.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: mark }]
}
export const docsLogo = { type: 'image/svg+xml', content: mark }
