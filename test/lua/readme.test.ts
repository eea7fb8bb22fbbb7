/** The words of the field `limits` that lua/README.md lists are those that scripts write and look for: a word that nothing writes misleads. */
import t from 'tap'
import { list, read } from '../contract/tree.js'

const lua = list('lua', '.lua').map(path => read(path)).join('\n')
const found = (pattern: RegExp): string[] => [...new Set([...lua.matchAll(pattern)].map(([, word = '']) => word))].sort()
const row = read('lua/README.md').split('\n').find(line => line.startsWith('| `limits` |')) ?? ''
const listed = [...new Set(/^\| `limits` \| `\(([^)]*)\)/.exec(row)?.[1]?.split('\\|') ?? [])].sort()

t.ok(listed.length > 5, row)
t.strictSame(found(/set_limit\('(\w+)'/g), listed, 'words that scripts write')
t.strictSame(found(/string\.find\([\w.]*limits, '(\w+)'/g).filter(word => !listed.includes(word)), [], 'words that scripts look for')
