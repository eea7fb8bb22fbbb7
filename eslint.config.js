import neostandard from 'neostandard'

export default neostandard({ ts: true, ignores: ['dist', '.tap', '.data', 'src/client/openapi.ts'] })
