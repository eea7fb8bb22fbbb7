import type { Violation } from './types.js'
import { pathOfViolation } from './types.js'

/** A violation as Meta reports it: its error code and a sentence. */
export interface MetaError { code: number, details: string }

/** Names that Meta's sentences use for texts of interactive messages. */
const labels: Record<string, string> = {
  'body.text': 'Body text',
  'footer.text': 'Footer text',
  'header.text': 'Header text',
  'reply.title': 'Button title',
  'reply.id': 'Button id',
  'action.button': 'Button label',
  'parameters.display_text': 'Button text',
  'sections.title': 'Section title',
  'rows.title': 'Row title',
  'rows.id': 'Row id',
  'rows.description': 'Row description'
}

/**
 * Meta's code and sentence. A missing parameter and a wrong JSON type are 100, and so is a text that is too long; limits of interactive messages
 * are 131009 (Meta, "Error codes", and its responses as quoted in public bug reports).
 */
export function toMetaError (type: string, violation: Violation): MetaError {
  const { keyword, params } = violation
  const path = pathOfViolation(violation)
  const name = parameterName(type, path)
  switch (keyword) {
    case 'required': return { code: 100, details: `The parameter ${name} is required.` }
    case 'type': return { code: 100, details: `Param ${name} must be ${kindOf(params['type'])}.` }
    case 'minLength':
    case 'maxLength': return tooLongOrEmpty(type, path, violation)
    case 'minItems':
    case 'maxItems': return countOf(path, violation)
    case 'maxRows': return { code: 131009, details: `Total row count exceed max allowed count: ${String(params['limit'])}` }
    case 'exactlyOneOf': {
      const { names, present } = params as { names: string[], present: string[] }
      return present.length === 0
        ? { code: 131008, details: `Parameter ${name} needs one of ${names.join(', ')}` }
        : { code: 131009, details: `Param ${name} must have only one of ${names.join(', ')}` }
    }
    case 'pattern': return { code: 100, details: `Param ${name} is not a valid URL.` }
    default: return { code: 131009, details: `Param ${name} is not valid` }
  }
}

function tooLongOrEmpty (type: string, path: string[], { keyword, params, parentSchema }: Violation): MetaError {
  const most = (parentSchema as { maxLength?: number } | undefined)?.maxLength
  if (type === 'interactive' && most !== undefined) {
    const label = labels[path.filter(part => !isPosition(part)).slice(-2).join('.')] ?? path.at(-1) ?? ''
    return { code: 131009, details: `${label} length invalid. Min length: ${keyword === 'minLength' ? 1 : 0}, Max length: ${most}` }
  }
  const name = parameterName(type, path)
  return keyword === 'minLength'
    ? { code: 100, details: `The parameter ${name} is required.` }
    : { code: 100, details: `Param ${name} must be at most ${String(params['limit'])} characters long.` }
}

function countOf (path: string[], { parentSchema }: Violation): MetaError {
  const { minItems = 0, maxItems } = (parentSchema ?? {}) as { minItems?: number, maxItems?: number }
  const items = path.at(-1) ?? 'contacts'
  const most = maxItems === undefined ? '' : `, Max allowed ${items}: ${maxItems}`
  return { code: 131009, details: `Invalid ${items} count. Min allowed ${items}: ${minItems}${most}` }
}

/** Meta's spelling of a path: `template['components'][0]['type']`. */
function parameterName (type: string, path: string[]): string {
  return type + path.map(part => isPosition(part) ? `[${part}]` : `['${part}']`).join('')
}

function isPosition (part: string): boolean {
  return /^\d+$/.test(part)
}

function kindOf (type: unknown): string {
  const kinds: Record<string, string> = {
    string: 'a string', number: 'a number', boolean: 'a boolean', object: 'a JSON object', array: 'an array', null: 'null'
  }
  return [type].flat().map(kind => kinds[String(kind)] ?? String(kind)).join(' or ')
}
