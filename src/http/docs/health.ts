import { HealthSchema } from '../schemas/problem.js'
import type { Operation } from './operation.js'

const ok = { status: 'ok' }

export const getLive: Operation = {
  id: 'getLive',
  tag: 'Health',
  summary: 'The process answers',
  open: true,
  examples: {},
  answers: { 200: { is: 'Alive', schema: HealthSchema, examples: { ok } } }
}

export const getReady: Operation = {
  id: 'getReady',
  tag: 'Health',
  summary: 'Redis answers too, and the node is not closing',
  open: true,
  examples: {},
  answers: { 200: { is: 'Ready', schema: HealthSchema, examples: { ok } } },
  errors: ['UNAVAILABLE', 'SHUTTING_DOWN']
}
