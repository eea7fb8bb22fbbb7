import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'

/**
 * The page runs only its own files and calls only its own origin. It shows foreign text, so Trusted Types make the browser refuse
 * to parse text as markup.
 */
const headers = {
  'content-security-policy': [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "font-src 'self'", "connect-src 'self'", "base-uri 'none'",
    "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"
  ].join('; '),
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-cache'
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8'
}

/** That a client takes gzip: named, and not with a weight of 0. */
const GZIP = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/

/**
 * Serves the console's files, read once at start. They hold no data, so no API key is required: the page asks its user for one and calls the
 * public API with it.
 */
export async function serveConsole (app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', async (_, reply) => { reply.headers(headers) })
  // With a trailing slash the page's URLs are relative, so a proxy may serve it under any path.
  app.get('', async (request, reply) => await reply.redirect(`${request.url.split('?')[0]?.split('/').at(-1) ?? ''}/`, 308))
  const folder = new URL('page/', import.meta.url)
  const own = readdirSync(folder).map((name): [string, Buffer] => [name, readFileSync(new URL(name, folder))])
  const files = [...own, ...readLibraries()]
  const modules = files.map(([name]) => name).filter(name => name.endsWith('.js'))
  for (const [name, file] of files) {
    const content = name === 'index.html' ? withPreloads(String(file), modules) : file
    // Weak, since it stands for the compressed file, too.
    const tag = `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`
    let compressed: Buffer | undefined
    app.get(name === 'index.html' ? '/' : `/${name}`, { prefixTrailingSlash: 'slash' }, async (request, reply) => {
      reply.headers({ etag: tag, vary: 'accept-encoding' })
      if (request.headers['if-none-match'] === tag) return await reply.status(304).send()
      reply.type(types[extname(name)] ?? 'application/octet-stream')
      if (extname(name) === '.woff2' || !GZIP.test(String(request.headers['accept-encoding'] ?? ''))) return await reply.send(content)
      // Over a slow network the page waits for bytes: a third of them are left. Compressed once, by the first request.
      compressed ??= gzipSync(content)
      return await reply.header('content-encoding', 'gzip').send(compressed)
    })
  }
}

/** Names all modules in the page: else the browser learns of each only from those that import it, level by level, before it can paint. */
function withPreloads (page: string, modules: string[]): string {
  return page.replace('</head>', `${modules.map(name => `  <link rel="modulepreload" href="${name}">\n`).join('')}</head>`)
}

/** The libraries of the page as their packages have them. A browser knows no package names, so their imports name the file beside them. */
function readLibraries (): Array<[name: string, content: string]> {
  const { resolve } = createRequire(import.meta.url)
  const files = {
    'preact.js': resolve('preact'), 'hooks.js': resolve('preact/hooks'), 'htm.js': join(dirname(resolve('htm')), 'htm.module.js')
  }
  return Object.entries(files).map(([name, path]) => [
    name,
    readFileSync(path, 'utf8').replace(/from ?"preact"/g, 'from"./preact.js"').replace(/\n\/\/# sourceMappingURL=.*/, '')
  ])
}
