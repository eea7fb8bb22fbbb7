/** Those who judge the gateway share no code with it, nor with any package: a fault in one is not hidden by the same fault in the other. */
import { posix } from 'node:path'
import t from 'tap'
import { exists, read } from './tree.js'

const judges = ['test/prove/judge.ts', 'test/property/observer.ts', 'test/flow/observer.ts']

/** What a file imports to run, and what that imports, and so on; types leave nothing behind. */
function reachedFrom (path: string, reached = new Set<string>()): Set<string> {
  for (const [, , from = ''] of read(path).matchAll(/^(?:import|export) (?!type )([^']*? from )?'([^']+)'/gm)) {
    const to = from.startsWith('.') ? posix.join(posix.dirname(path), from).replace(/\.js$/, '.ts') : from
    if (reached.has(to)) continue
    reached.add(to)
    reachedFrom(to, reached)
  }
  return reached
}

await t.test('no judge reaches a file of src/, or a package', t => {
  t.ok(judges.every(exists))
  for (const judge of judges) t.strictSame([...reachedFrom(judge)].filter(to => !to.startsWith(posix.dirname(judge)) || !exists(to)), [], judge)
  t.ok(reachedFrom('test/prove/judge.ts').has('test/prove/history.ts'), 'imports are followed')
  t.ok([...reachedFrom('test/prove/soak.ts')].some(to => to.startsWith('src/')), 'and would be found')
  t.end()
})
