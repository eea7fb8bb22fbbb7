import t from 'tap'
import { writeFileSync } from 'node:fs'
import { startRedis } from '../support/redis.js'
import { startSandbox } from '../sandbox/support.js'
import { startNode } from '../support/gateway.js'
const redis = await startRedis(t)
const sandbox = await startSandbox(t, { enforcePair: false, throughputPerSecond: null })
const node = await startNode(t, { redisUrl: redis.url, apiUrl: sandbox.url })
const doc = await (await fetch(node.origin + '/docs/json')).text()
writeFileSync('/tmp/openapi/doc.json', doc)
const page = await fetch(node.origin + '/docs'); t.equal(page.status, 200); console.error((await page.text()).slice(0, 600))
console.error(node.gateway.app.printRoutes({ commonPrefix: false }))
