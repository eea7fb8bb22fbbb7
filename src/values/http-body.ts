import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'

type Decompress = (data: Buffer, options: { maxOutputLength: number }) => Buffer

/** RFC 9110, 8.4.1. `deflate` is zlib's format by the standard; some servers send it without zlib's header. */
const codings: Record<string, Decompress | undefined> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  br: brotliDecompressSync,
  deflate: (data, options) => ((data[0] ?? 0) & 0x0f) === 8 ? inflateSync(data, options) : inflateRawSync(data, options)
}

/**
 * The text of a response's body without its compression and without a byte order mark. A proxy may apply both, although no request asks for them.
 * `applied`: the header `Content-Encoding`. Empty if the body cannot be decompressed, null if it has more than `maxBytes` then.
 */
export function decodeHttpBody (body: Buffer, applied: unknown, maxBytes: number): string | null {
  let bytes = body
  if (applied !== undefined) {
    try {
      for (const coding of String(applied).toLowerCase().split(',').reverse()) {
        bytes = codings[coding.trim()]?.(bytes, { maxOutputLength: maxBytes }) ?? bytes
      }
    } catch (error) {
      return (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE' ? null : ''
    }
  }
  const text = bytes.toString()
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}
