/** The judges of test runs import neither src/ nor a package: a bug in shared code could hide the same bug in the gateway. */
import { posix } from 'node:path'
import t from 'tap'
import { exists, read } from './tree.js'

const judges = ['test/prove/judge.ts', 'test/property/observer.ts', 'test/flow/observer.ts']

/** All that a file imports at run time, directly and indirectly. Imports of types are left out. */
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
  t.ok(reachedFrom('test/prove/judge.ts').has('test/prove/history.ts'), 'indirect imports are found')
  t.ok([...reachedFrom('test/prove/soak.ts')].some(to => to.startsWith('src/')), 'an import of src/ is found')
  t.end()
})
