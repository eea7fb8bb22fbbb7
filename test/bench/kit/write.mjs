import { readFileSync, writeFileSync } from 'node:fs'

/** Puts text between the marks `<!-- name -->` and `<!-- /name -->` of a file. Throws if they are missing. */
export function writeBlock (file, name, text) {
  const all = readFileSync(file, 'utf8')
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`]
  const [from, to] = [all.indexOf(begin), all.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${file} has no marks for "${name}"`)
  writeFileSync(file, `${all.slice(0, from + begin.length)}\n${text}\n\n${all.slice(to)}`)
}
