/**
 * Meta's message types, each with what is surely required or limited. Source of each rule: its page below
 * https://developers.facebook.com/docs/whatsapp/, named in the docstring. Everything else passes.
 */
import type { TSchema } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'
import type { ErrorObject } from 'ajv'
import { anyText, list, object, optional, text, anyId, id, createCheck, pathOf } from './schema.js'

/** An empty link counts as none. Meta: "(#100) Param image['link'] is not a valid URL". */
const link = Type.String({ pattern: '^$|^[Hh][Tt][Tt][Pp][Ss]?://', description: 'a URL that begins with https:// or http://' })

/**
 * Media by id or by link, never both: cloud-api/messages/image-messages (and audio, video, document, sticker). `caption`: at most 1,024
 * characters; audio and stickers have none, so there it passes unchecked as any unknown field.
 */
const media = (more: Parameters<typeof object>[0] = {}) =>
  object({ id: optional(anyId), link: optional(link), ...more }, { exactlyOneOf: ['id', 'link'] })

const caption = optional(anyText(1024))

export const MediaSchema = media()
export const CaptionedSchema = media({ caption })
/** `filename`: cloud-api/messages/document-messages. */
export const DocumentSchema = media({ caption, filename: optional(anyText()) })

/**
 * Templates: cloud-api/guides/send-message-templates and its pages on media, interactive, authentication and carousel templates.
 * The member named by `type` must be there. Values of `type` that are not here pass.
 */
const parameter = object({ type: text(), parameter_name: optional(anyText()) }, {
  byType: {
    text: object({ text: text(32_768) }),
    currency: object({ currency: object({ fallback_value: text(), code: text(), amount_1000: Type.Number() }) }),
    date_time: object({ date_time: object({ fallback_value: text() }) }),
    image: object({ image: CaptionedSchema }),
    video: object({ video: CaptionedSchema }),
    document: object({ document: DocumentSchema }),
    location: object({ location: object({ latitude: id, longitude: id }) }),
    payload: object({ payload: anyText() }),
    coupon_code: object({ coupon_code: text() })
  }
})

const parameters = optional(list(parameter))
/** `button` needs `sub_type` and `index`. Of a carousel, each card has components of its own. */
const component = (more: Record<string, TSchema> = {}): TSchema => object({ type: text(), parameters }, {
  byType: { button: object({ sub_type: text(), index: id }), ...more }
})
const cards = list(object({ components: list(component()) }), { minItems: 1, maxItems: 10 })

/** `name`: at most 512 characters. A missing `components` means a template without parameters. */
export const TemplateSchema = object({
  name: text(512),
  language: object({ code: text() }),
  components: optional(list(component({ carousel: object({ cards }) })))
})

/** Body: at most 1,024 characters, of a list 4,096. */
const body = (most = 1024) => object({ text: text(most) })
/** At most 60 characters. */
const footer = optional(object({ text: text(60) }))

/** A text of at most 60 characters, or media. */
const header = optional(object({ type: text() }, {
  byType: {
    text: object({ text: text(60) }),
    image: object({ image: CaptionedSchema }),
    video: object({ video: CaptionedSchema }),
    document: object({ document: DocumentSchema })
  }
}))

/** 1 to 3 buttons; title at most 20 characters, id at most 256. */
const buttons = object({
  buttons: list(object({ reply: object({ id: text(256), title: text(20) }) }), { minItems: 1, maxItems: 3 })
})

/** Label at most 20 characters; 1 to 10 sections with 10 rows together; titles at most 24, row id 200, description 72. */
const sections = object({
  button: text(20),
  sections: Type.Unsafe<unknown[]>({
    ...list(object({
      title: optional(anyText(24)),
      rows: list(object({
        id: text(200), title: text(24), description: optional(anyText(72))
      }), { minItems: 1 })
    }), { minItems: 1, maxItems: 10 }),
    maxRows: 10
  })
})

/** `display_text`: at most 20 characters. */
const urlButton = object({ parameters: object({ display_text: text(20), url: text() }) })
/** By `flow_id` or `flow_name`. */
const flow = object({
  parameters: object({
    flow_message_version: id, flow_id: optional(anyId), flow_name: optional(text()), flow_cta: text()
  }, { exactlyOneOf: ['flow_id', 'flow_name'] })
})
const product = object({ catalog_id: id, product_retailer_id: id })
/** 1 to 10 sections, each of 1 to 30 products. */
const products = object({
  catalog_id: id,
  sections: list(object({ product_items: list(object({ product_retailer_id: id }), { minItems: 1, maxItems: 30 }) }), { minItems: 1, maxItems: 10 })
})

export const InteractiveSchema = object({ type: text() }, {
  byType: {
    button: object({ header, body: body(), footer, action: buttons }),
    list: object({ header, body: body(4096), footer, action: sections }),
    cta_url: object({ header, body: body(), footer, action: urlButton }),
    flow: object({ header, body: body(), footer, action: flow }),
    product: object({ body: optional(body()), footer, action: product }),
    product_list: object({ header: object({ type: text(), text: text(60) }), body: body(), footer, action: products }),
    catalog_message: object({ body: body(), footer, action: object({}) }),
    location_request_message: object({ body: body(), action: object({}) })
  }
})

/** cloud-api/messages/text-messages: at most 4,096 characters. Some clients write booleans as text. */
const TextSchema = object({ body: text(4096), preview_url: optional(Type.Unsafe({ type: ['boolean', 'string'] })) })

/** cloud-api/messages/reaction-messages: an empty emoji removes the reaction. */
const ReactionSchema = object({ message_id: text(), emoji: anyText() })

const degrees = (most: number) => Type.Unsafe<number | string>({ type: ['number', 'string'], minLength: 1, minimum: -most, maximum: most })
/** cloud-api/messages/location-messages: decimal degrees, also as text. */
const LocationSchema = object({ latitude: degrees(90), longitude: degrees(180), name: optional(anyText()), address: optional(anyText()) })

/** cloud-api/messages/contacts-messages: each contact has a formatted name; the rest is optional. */
const contact = object({
  name: object({ formatted_name: text() }),
  phones: optional(list(object({ phone: optional(anyText()), wa_id: optional(Type.Unsafe({ type: ['string', 'number'] })) }))),
  emails: optional(list(object({ email: optional(anyText()) }))),
  addresses: optional(list(object({}))),
  urls: optional(list(object({ url: optional(anyText()) }))),
  org: optional(object({})),
  birthday: optional(anyText())
})

export const messageTypes = {
  text: TextSchema,
  template: TemplateSchema,
  interactive: InteractiveSchema,
  image: CaptionedSchema,
  video: CaptionedSchema,
  document: DocumentSchema,
  audio: MediaSchema,
  sticker: MediaSchema,
  reaction: ReactionSchema,
  location: LocationSchema,
  contacts: list(contact, { minItems: 1 })
}

export type KnownType = keyof typeof messageTypes

/** What is wrong with a message's content: Ajv's error, with `instancePath` from the content. */
export type Violation = ErrorObject

const checks = new Map(Object.entries(messageTypes).map(([type, schema]) => [type, createCheck(schema)]))

/** The names of the message types that are checked. */
export const knownTypes: readonly string[] = Object.keys(messageTypes)

/**
 * All violations of Meta's rules by the content of a message, which is what Meta has in the member named like the type. Content of a type that
 * is not known here passes.
 */
export function checkContent (type: string, content: unknown): Violation[] {
  return checks.get(type)?.(content) ?? []
}

/** Where a violation is, from the content: `['components', '0', 'parameters']`. */
export function pathOfViolation ({ instancePath, keyword, params }: Violation): string[] {
  const path = pathOf(instancePath)
  return keyword === 'required' ? [...path, String(params['missingProperty'])] : path
}
