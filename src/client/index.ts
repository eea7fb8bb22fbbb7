/** What callers import: `import { SluiceClient } from 'sluice/client'`. */
export { SluiceClient, type ClientOptions } from './client.js'
export { SluiceClientError, type ErrorCode, type Problem } from './error.js'
export type { KeyOptions } from './key.js'
export type * from './types.js'
