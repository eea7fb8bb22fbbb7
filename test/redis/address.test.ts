import t from 'tap'
import { parseAddress } from '../../src/redis/address.js'

const read: Array<[text: string, address: object]> = [
  ['redis://localhost', { kind: 'server', options: { host: 'localhost', port: 6379, db: 0 } }],
  ['redis://:pa%40ss@10.0.0.1:7000/3', { kind: 'server', options: { host: '10.0.0.1', port: 7000, db: 3, password: 'pa@ss' } }],
  [
    'rediss://me:word@redis.example',
    { kind: 'server', options: { host: 'redis.example', port: 6379, db: 0, username: 'me', password: 'word', tls: {} } }
  ],
  ['redis://[::1]:6380', { kind: 'server', options: { host: '::1', port: 6380, db: 0 } }],
  [
    'redis+sentinel://a:1,b/main',
    {
      kind: 'server',
      options: {
        sentinels: [
          { host: 'a', port: 1 },
          { host: 'b', port: 26379 }
        ],
        name: 'main'
      }
    }
  ],
  [
    'redis+sentinel://me:w:rd@a/main',
    { kind: 'server', options: { sentinels: [{ host: 'a', port: 26379 }], name: 'main', username: 'me', password: 'w:rd' } }
  ],
  [
    'redis+cluster://a:1,b:2,c',
    {
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
        { host: 'c', port: 6379 }
      ],
      options: {}
    }
  ],
  ['rediss+cluster://:word@a', { kind: 'cluster', nodes: [{ host: 'a', port: 6379 }], options: { password: 'word', tls: {} } }]
]

for (const [text, address] of read) {
  await t.test(`${text} is a valid address`, async t => {
    t.same(parseAddress(text), address)
  })
}

const refused: Array<[text: string, says: RegExp]> = [
  ['http://:secret@a', /has to be `redis:\/\/`/],
  ['redis://:secret@a,b', /several hosts/],
  ['redis://:secret@a/main', /database .* number/],
  ['redis+sentinel://:secret@a', /name by which the sentinels know/],
  ['redis+cluster://:secret@a/1', /neither a name nor databases/],
  ['redis://:secret@a:b', /host or host:port/]
]

for (const [text, says] of refused) {
  await t.test(`${text.replace(':secret@', '')} is rejected, and the error does not contain the password`, async t => {
    t.throws(() => parseAddress(text), { code: 'CONFIG_INVALID', message: says, facts: { field: 'REDIS_URL' } })
    try {
      parseAddress(text)
    } catch (error) {
      t.notMatch(String(error), /secret/)
    }
  })
}
