/** The public interface: `import { SluiceClient } from '@sluice-gateway/client'`. */
export { SluiceClient } from './client.js'
export { SluiceClientError, type ErrorCode, type Problem } from './error.js'
export type { KeyOptions } from './idempotency.js'
export type * from './types.js'
