import { UsageError } from '../exit.js'

const NEXT = 'Nothing was sent.'
const HOW_TO_SAVE = 'In Excel save it as "CSV UTF-8 (Comma delimited)", or as a workbook (.xlsx); ' +
  'or name its encoding: --encoding windows-1252 for a CSV of Excel in Western Europe and the Americas'

/** Marks at the beginning of a file. */
const marks: Array<[bytes: number[], encoding: string]> = [[[0xef, 0xbb, 0xbf], 'utf-8'], [[0xff, 0xfe], 'utf-16le'], [[0xfe, 0xff], 'utf-16be']]

/**
 * The text of a file: by its mark, else by `encoding`, else UTF-8. Throws UsageError for bytes that are not in the encoding: a replacement
 * character would reach the customer.
 */
export function decode (bytes: Uint8Array, encoding?: string): string {
  const mark = marks.find(([start]) => start.every((byte, i) => bytes[i] === byte))
  const name = mark?.[1] ?? encoding ?? 'utf-8'
  const decoder = decoderOf(name)
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    const where = decoder.encoding === 'utf-8' ? `line ${lineOfFault(bytes)} is not UTF-8` : `the file is not ${decoder.encoding}`
    throw new UsageError(`${where}. ${NEXT} ${HOW_TO_SAVE}`)
  }
  if (text.includes('\0')) throw new UsageError(`the file contains NUL characters, as UTF-16 without its mark does. ${NEXT} ${HOW_TO_SAVE}`)
  return text
}

/** Throws UsageError for an encoding that is not known. */
export function decoderOf (name: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(name, { fatal: true })
  } catch {
    throw new UsageError(`--encoding: "${name}" is not an encoding; such as utf-8, windows-1252, latin1, utf-16le`)
  }
}

/** The line of the first byte that is not UTF-8. */
function lineOfFault (bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let line = 1
  for (let from = 0; from < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, from)
    const until = end < 0 ? bytes.length : end + 1
    try {
      decoder.decode(bytes.subarray(from, until))
    } catch {
      return line
    }
    from = until
  }
  return line
}
