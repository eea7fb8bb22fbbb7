import type { FastifyServerOptions } from 'fastify'
import { compile } from './validate.js'

/**
 * Compilers of all scopes. As an option and not by `setSerializerCompiler`, because a scope that adds schemas would get Fastify's defaults again.
 *
 * The serializer is JSON.stringify: response schemas type-check the handlers and fill the OpenAPI document, and drop no field that they lack.
 */
const controller = {
  compilersFactory: {
    buildValidator: () => ({ schema, httpPart }: { schema: unknown, httpPart?: string }) => compile(schema, httpPart),
    buildSerializer: () => () => (data: unknown) => JSON.stringify(data)
  }
}

// Fastify's type expects factories made with Ajv's and fast-json-stringify's own compiler packages.
export const schemaController = controller as unknown as NonNullable<FastifyServerOptions['schemaController']>
