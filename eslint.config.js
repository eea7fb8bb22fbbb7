import neostandard from 'neostandard'

const generated = ['src/client/openapi.ts']

export default [
  ...neostandard({ ts: true, ignores: ['dist', '.tap', '.data', ...generated] }),
  {
    // Only provider/ (undici) calls WhatsApp and only callbacks/ (undici) calls the receiver. The sandbox posts webhooks, the page calls the API.
    files: ['src/**/*.ts'],
    ignores: ['src/sandbox/**', 'src/client/**'],
    rules: { 'no-restricted-globals': ['error', { name: 'fetch', message: 'undici, in provider/ or callbacks/ only' }] }
  },
  // `void` marks a promise that is not awaited on purpose: it handles its own errors.
  { rules: { '@stylistic/max-len': ['error', { code: 150 }], 'no-void': ['error', { allowAsStatement: true }] } }
]
