import { Type } from '@sinclair/typebox'
import type { Role } from '../../config.js'
import { oneOf, sandboxFlag, text } from './common.js'

const roles: Record<Role, string> = { send: 'posts, and reads and cancels its own messages', read: 'reads everything', admin: 'does everything' }

export const CallerSchema = Type.Object({
  name: text('The key\'s name'),
  role: oneOf(roles, 'What it may do'),
  sandbox: sandboxFlag
}, { $id: 'Caller', description: 'Who asks' })

export const CodeParamsSchema = Type.Object({ code: Type.String({ pattern: '^[A-Za-z0-9_/-]{1,64}$', description: 'A code of WhatsApp\'s, or of the gateway\'s own such as `HEADERS_TIMEOUT`' }) })

export const CodeSchema = Type.Object({
  code: text('As asked for'),
  title: text('What it is called'),
  explanation: text('What it means'),
  remedy: text('What to do about it')
}, { $id: 'Code', description: 'An error code in plain words' })
