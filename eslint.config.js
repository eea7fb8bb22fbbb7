import neostandard from 'neostandard'

const generated = ['src/client/openapi.ts']

export default [
  ...neostandard({ ts: true, ignores: ['dist', '.tap', '.data', ...generated] }),
  { rules: { '@stylistic/max-len': ['error', { code: 150, ignoreUrls: true, ignoreRegExpLiterals: true }] } }
]
