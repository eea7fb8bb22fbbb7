/** Request and response schemas in a scope that adds schemas of its own: requests are validated strictly, responses keep every field. */
import { Type } from '@sinclair/typebox'
import Fastify from 'fastify'
import t from 'tap'
import { schemaController } from '../../src/http/validate.js'

const ItemSchema = Type.Object({ name: Type.String() }, { $id: 'Item', additionalProperties: false })

const app = Fastify({ schemaController })
app.register(async scope => {
  scope.addSchema(ItemSchema)
  const response = { 200: { content: { 'application/json': { schema: { $ref: 'Item' } } } } }
  scope.post('/items', { schema: { body: ItemSchema, response } }, async ({ body }) => ({ ...body as object, unknown: 1, nested: { deep: [null] } }))
})
t.teardown(async () => await app.close())

await t.test('a response keeps the fields that its schema lacks', async t => {
  const { statusCode, payload } = await app.inject({ method: 'POST', url: '/items', payload: { name: 'a' } })
  t.match([statusCode, JSON.parse(payload)], [200, { name: 'a', unknown: 1, nested: { deep: [null] } }])
})

await t.test('a request with an unknown field, or with a number as text, is rejected', async t => {
  for (const payload of [{ name: 'a', unknown: 1 }, { name: 1 }]) {
    t.equal((await app.inject({ method: 'POST', url: '/items', payload })).statusCode, 400, JSON.stringify(payload))
  }
})
