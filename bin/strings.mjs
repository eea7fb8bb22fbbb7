/**
 * What people read in sources: the comments of Lua, and the user-facing texts of other files. These are read with TypeScript's parser: each
 * string and template that has words in it, also in a property's name. `+` joins its texts, and an inserted value is a dash in code marks.
 */
import ts from 'typescript'

/** A word beside another or a value, or a single one with a capital, as a label has it. */
const HAS_WORDS = /\p{L}{2,}.* | .*\p{L}{2,}|^\p{Lu}\p{Ll}{2,}$/su
const VALUE = '`–`'

/** The texts of a source as Markdown, each a list item in the line in which the text begins, so that a finding names the source's line. */
export function textsOf (path, code) {
  const source = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true)
  const lines = []
  const visit = node => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isLiteralTypeNode(node)) return
    const text = textOf(node)
    if (text === undefined) return ts.forEachChild(node, visit)
    if (HAS_WORDS.test(text)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart())
      lines[line] = `${lines[line] ?? '-'} ${asSentences(text)}`
    }
    insertedIn(node).forEach(visit)
  }
  visit(source)
  return Array.from(lines, line => line ?? '').join('\n')
}

/**
 * The comments of a Lua file as Markdown, each in its line. A row of a header is a list item, in which its name and its type are code. What is
 * between two comments ends a paragraph.
 */
export function commentsOf (code) {
  return code.split('\n').map(line => {
    const comment = /(?:^|\s)--(?!- @include)(.*)$/.exec(line)?.[1] ?? ''
    const row = /^ {3,}(\S.*)$/.exec(comment)
    if (row === null) return comment.trim()
    const [name, type, ...text] = row[1].split(/ {2,}/)
    return `- ${[name, type].filter(part => part !== undefined && part !== '-').map(part => `\`${part}\``).join(' ')} ${asSentences(text.join(' '))}`
  }).join('\n')
}

/** The text of a string, a template or a sum of them; of any other expression undefined. */
function textOf (node) {
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node)) return node.head.text + node.templateSpans.map(({ literal }) => VALUE + literal.text).join('')
  if (!isSum(node)) return undefined
  const [left, right] = [textOf(node.left), textOf(node.right)]
  return left === undefined && right === undefined ? undefined : (left ?? VALUE) + (right ?? VALUE)
}

/** Expressions within a text, which may have texts of their own. */
function insertedIn (node) {
  if (ts.isTemplateExpression(node)) return node.templateSpans.map(({ expression }) => expression)
  if (!isSum(node)) return []
  return [node.left, node.right].flatMap(side => textOf(side) === undefined ? [side] : insertedIn(side))
}

function isSum (node) {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken
}

/** A text in one line that ends as a sentence does, so that the next text is not counted with it. An empty line ends a sentence as well. */
function asSentences (text) {
  return text.split(/\n\s*\n|\n(?=\s*[-$*])/).map(part => part.replaceAll(/\s+/g, ' ').trim()).filter(part => part !== '')
    .map(part => /[.!?:]$/.test(part) ? part : `${part}.`).join(' ')
}
