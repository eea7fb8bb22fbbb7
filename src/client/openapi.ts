/** Written by `WRITE_DOCS=1 npm test -- test/client/openapi.test.ts` from docs/openapi.json: not to be changed by hand. */

export interface paths {
    "/api/v1/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Finds messages by recipient, idempotency key, WhatsApp's id or an entry of their metadata
         * @description Needs at least one of `recipient`, `idempotencyKey`, `providerMessageId` and `tag`; a message has to match all that are given. A `send` key finds its own messages only. Messages older than `FIND_WITHIN_MS` are found by their idempotency key only.
         *
         *     Roles: `send`, `read`, `admin`.
         */
        get: operations["findMessages"];
        put?: never;
        /**
         * Accepts a message: sends it at once, or queues it and returns how long it waits
         * @description Exactly one of `immediate`, `queued` and `duplicate` is true in every 2xx response. After a 2xx the message ends as sent, failed, cancelled or expired, and `GET /messages/{id}` returns which and why. After a time-out or a 5xx, repeat the request with the same idempotency key: the repeat cannot send the message twice.
         *
         *     Roles: `send`, `admin`.
         */
        post: operations["postMessage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/messages/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the state and history of a message
         * @description A `send` key sees its own messages only.
         *
         *     Roles: `send`, `read`, `admin`.
         */
        get: operations["getMessage"];
        put?: never;
        post?: never;
        /**
         * Cancels a waiting message
         * @description A `send` key cancels its own messages only. Later messages in the queue move up.
         *
         *     Roles: `send`, `admin`.
         */
        delete: operations["cancelMessage"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/messages/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accepts up to 1,000 messages and returns one result each, in the same order
         * @description Never sends within the request, and is not atomic as a whole. Each result is the response of POST /messages with `Prefer: respond-async`, with its status as `httpStatus`.
         *
         *     Roles: `send`, `admin`.
         */
        post: operations["postBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/messages/find": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Finds messages of all senders, with the criteria in the body
         * @description As GET /messages. Keeps phone numbers out of URLs, which proxies log.
         *
         *     Roles: `send`, `read`, `admin`.
         */
        post: operations["findAllMessages"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/failures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists delivery failures with their attempts, an explanation and a remedy
         * @description PENDING by next retry, then FAILED and RESOLVED newest first. With a narrow filter a page may be empty and still have a `nextCursor`.
         *
         *     Roles: `read`, `admin`.
         */
        get: operations["listFailures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/failures/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retries due failures now
         * @description Oldest first. Retries obey the same rate limits as new messages: one without a free slot returns to its queue (`deferred`).
         *
         *     Roles: `admin`.
         */
        post: operations["retryFailures"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/failures/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retries one failure, due or not; also a FAILED one
         * @description Roles: `admin`.
         */
        post: operations["retryFailure"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/failures/{id}/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Acknowledges a failure
         * @description Its retries continue.
         *
         *     Roles: `admin`.
         */
        post: operations["acknowledgeFailure"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/failures/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Acknowledges all matching failures that are not acknowledged yet
         * @description Roles: `admin`.
         */
        post: operations["acknowledgeFailures"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rate-limits/{recipient}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns a recipient's rule, its waiting messages, and when a new message could be sent
         * @description Roles: `send`, `read`, `admin`.
         */
        get: operations["getRateLimit"];
        put?: never;
        post?: never;
        /**
         * Resets a recipient's rate limit, so that the next message may be sent at once
         * @description Roles: `admin`.
         */
        delete: operations["clearRateLimit"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rate-limits/find": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Returns the same, with the recipient in the body
         * @description Keeps phone numbers out of URLs, which proxies log.
         *
         *     Roles: `send`, `read`, `admin`.
         */
        post: operations["findRateLimit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/recipients/{recipient}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Erases the data of a recipient, for all senders or one
         * @description Cancels queued, scheduled and retrying messages, gives up those of unknown outcome, then deletes results, failures, the search index and the state of the rate limit. The existence and final state of a message remain under its idempotency key for as long as the key is remembered, so that a repeat is not sent; they contain no recipient, content, metadata or WhatsApp id. May be repeated at any time; must be repeated after 202.
         *
         *     Roles: `admin`.
         */
        delete: operations["eraseRecipient"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/opt-outs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the recipients who have opted out of marketing from a sender
         * @description Roles: `read`, `admin`.
         */
        get: operations["listOptOuts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/opt-outs/{recipient}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Records that a recipient opted out of marketing from a sender
         * @description Queued marketing to the recipient is cancelled at once, scheduled or retried marketing is cancelled when it is due, and new marketing is refused with RECIPIENT_OPTED_OUT. Other messages are not affected. Marketing is what was posted with `category` `marketing` or through `/marketing_messages`.
         *
         *     Roles: `send`, `admin`.
         */
        put: operations["stopMarketing"];
        post?: never;
        /**
         * Records that a recipient opted in to marketing from a sender again
         * @description A recipient who opted out in WhatsApp has to opt in there too; until then WhatsApp rejects marketing with 131050, which records the opt-out again.
         *
         *     Roles: `admin`.
         */
        delete: operations["resumeMarketing"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the counts of throttling, delivery failures, the queue and each sender
         * @description Roles: `read`, `admin`.
         */
        get: operations["getStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/queues/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns the counts of the queue by Bull's job states
         * @description Roles: `read`, `admin`.
         */
        get: operations["getQueueStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workers/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns whether the retry worker runs, and the result of its last run
         * @description Roles: `read`, `admin`.
         */
        get: operations["getRetryWorker"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workers/retry/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stops the retry worker on all nodes, until it is started again
         * @description Roles: `admin`.
         */
        post: operations["stopRetryWorker"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/workers/retry/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Starts the retry worker on all nodes
         * @description Roles: `admin`.
         */
        post: operations["startRetryWorker"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/senders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the senders with their state, counts and rules
         * @description Roles: `read`, `admin`.
         */
        get: operations["listSenders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/senders/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pauses a sender, for a time or until it is resumed
         * @description Queued messages keep their position; messages in flight are not recalled.
         *
         *     Roles: `admin`.
         */
        post: operations["pauseSender"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/senders/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resumes a sender that is paused or stopped
         * @description Roles: `admin`.
         */
        post: operations["resumeSender"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/senders/{id}/quota": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Changes a sender's rules
         * @description Omitted rules stay. The change applies from the next grant, on all nodes, until the next change or a start with new settings.
         *
         *     Roles: `admin`.
         */
        put: operations["changeQuota"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the actions of operators: retries, cancellations, pauses and other changes
         * @description Roles: `admin`.
         */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/caller": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Returns name and role of the caller's API key
         * @description Without API keys every caller is `anonymous`, an admin.
         *
         *     Roles: `send`, `read`, `admin`.
         */
        get: operations["getCaller"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/codes/{code}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Explains an error code and what to do about it
         * @description By the policy in force. For an unknown code the response says where to look it up.
         *
         *     Roles: `send`, `read`, `admin`.
         */
        get: operations["getCode"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Why a request failed */
        Problem: {
            /** @description `urn:sluice:error:<code>` */
            type: string;
            /** @description The sentence of the code */
            title: string;
            /** @description The HTTP status */
            status: number;
            /**
             * @description What went wrong; stable. `INVALID_REQUEST`: 400, The request is not valid; `INVALID_RECIPIENT`: 400, A recipient is 7 to 15 digits, with or without + - ( ) and spaces; `RECIPIENT_IS_USER_ID`: 400, This is a business-scoped user id; WhatsApp drops it silently in "to"; `INVALID_KEY`: 400, An idempotency key is 1 to 256 printable ASCII characters; `UNAUTHENTICATED`: 401, Send "Authorization: Bearer <key>" with a key that this gateway knows; `WEBHOOK_SIGNATURE`: 401, No app secret that this gateway knows has signed these bytes; `FORBIDDEN`: 403, This key's role may not do that; `NOT_FOUND`: 404, Nothing is known by this name; `SENDER_UNKNOWN`: 404, No such sender is configured; `NOT_SUPPORTED`: 405, This queue holds messages, which the dashboard can not treat so; `TOO_SLOW`: 408, The request took too long to arrive; `NOT_SENT_YET`: 409, The message that this one quotes has not been sent yet; `NOT_CANCELLABLE`: 409, Only a message that waits can be cancelled; `NOT_RETRYABLE`: 409, This failure can not be retried now; `TOO_LARGE`: 413, The request body is too large; `IDEMPOTENCY_KEY_REUSED`: 422, This idempotency key belongs to a message with other content; `RECIPIENT_OPTED_OUT`: 422, The recipient wants no marketing from this sender; `PROVIDER_REJECTED`: 422, WhatsApp refused this message for good; `ENDED_UNSENT`: 422, The message that this key belongs to has ended without being sent; `LIMITED`: 429, The message would have had to wait; `RECIPIENT_QUEUE_FULL`: 429, Too many messages wait for this recipient; `BACKLOG_FULL`: 429, Too many messages wait for this sender; `WOULD_EXPIRE`: 429, The wait would be longer than the message may live; `HEADERS_TOO_LARGE`: 431, The head of the request is too large; `INTERNAL`: 500, Something went wrong in the gateway; `UNAVAILABLE`: 503, Redis is away or nearly full; repeat with the same idempotency key; `OVERLOADED`: 503, This node has more to do than it can; repeat with the same idempotency key, here later or at another node now; `PROVIDER_UNAVAILABLE`: 503, WhatsApp does not answer; nothing was repeated; `SHUTTING_DOWN`: 503, This node is closing; repeat with the same idempotency key; `CONFIG_INVALID`: 500, A setting is not valid; `SCRIPT_INVALID`: 500, A Lua script and its header disagree; `LAYOUT_NEWER`: 500, Redis holds data of a newer version of the gateway; `SETUP_FAILED`: 500, Something needed to run is missing
             * @enum {string}
             */
            code: "INVALID_REQUEST" | "INVALID_RECIPIENT" | "RECIPIENT_IS_USER_ID" | "INVALID_KEY" | "UNAUTHENTICATED" | "WEBHOOK_SIGNATURE" | "FORBIDDEN" | "NOT_FOUND" | "SENDER_UNKNOWN" | "NOT_SUPPORTED" | "TOO_SLOW" | "NOT_SENT_YET" | "NOT_CANCELLABLE" | "NOT_RETRYABLE" | "TOO_LARGE" | "IDEMPOTENCY_KEY_REUSED" | "RECIPIENT_OPTED_OUT" | "PROVIDER_REJECTED" | "ENDED_UNSENT" | "LIMITED" | "RECIPIENT_QUEUE_FULL" | "BACKLOG_FULL" | "WOULD_EXPIRE" | "HEADERS_TOO_LARGE" | "INTERNAL" | "UNAVAILABLE" | "OVERLOADED" | "PROVIDER_UNAVAILABLE" | "SHUTTING_DOWN" | "CONFIG_INVALID" | "SCRIPT_INVALID" | "LAYOUT_NEWER" | "SETUP_FAILED";
            /** @description What exactly is wrong */
            detail?: string;
            /** @description The invalid field, parameter or header */
            field?: string;
            /** @description IDEMPOTENCY_KEY_REUSED, PROVIDER_REJECTED: the message that the key belongs to */
            id?: string;
            /** @description PROVIDER_REJECTED: why WhatsApp rejected it */
            error?: components["schemas"]["DeliveryError"];
            /**
             * @description NOT_CANCELLABLE, NOT_SENT_YET: the state of the message. `scheduled`: waits for its `scheduledFor`; `queued`: waits in its recipient's queue; `sending`: is being sent to WhatsApp; `sent`: WhatsApp accepted it; `delivered`: it reached the recipient's phone; `read`: the recipient read it; `retrying`: failed for a temporary reason and waits for its next attempt; `unknown`: was sent and got no response; held until its outcome is known or the hold time ends; `failed`: failed permanently; `cancelled`: cancelled before it was sent; `expired`: its lifetime ended before it could be sent
             * @enum {string}
             */
            messageStatus?: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description LIMITED, WOULD_EXPIRE, RECIPIENT_QUEUE_FULL, BACKLOG_FULL: how long the message would have waited; null if no end is known */
            waitMs?: number | null;
        };
        /** @description Every 2xx response of POST /messages; exactly one of `immediate`, `queued` and `duplicate` is true */
        Answer: components["schemas"]["Sent"] | components["schemas"]["Accepted"] | components["schemas"]["Duplicate"];
        /** @description A healthy node */
        Health: {
            /**
             * @description The node is healthy
             * @constant
             */
            status: "ok";
        };
        /** @description A message to send; exactly one of `to`, `recipient` and `group` names its recipient */
        PostMessage: {
            /** @description The recipient's number: 7 to 15 digits, + - ( ) and spaces allowed */
            to?: string;
            /** @description Instead of `to`: the recipient's business-scoped user id, such as `US.13491208655302741918` */
            recipient?: string;
            /** @description Instead of `to`: the id of a group */
            group?: string;
            /** @description A text, or a Cloud API message object, which is passed on unchanged */
            message: string | {
                [key: string]: unknown;
            };
            /** @description The Cloud API message type; `text` for a string */
            type?: string;
            /** @description Stored with the message and returned with it; never sent. Entries can be searched for (`tag`) */
            metadata?: {
                [key: string]: unknown;
            };
            /** @description Your name for the message: a repeat within 24 h is a duplicate. The header `Idempotency-Key` takes precedence. Without either, a key is derived from recipient, content, type and `timestamp` */
            idempotencyKey?: string;
            /** @description Makes a derived key differ */
            timestamp?: string | number;
            /** @description false: no key is derived where none is given */
            deduplicate?: boolean;
            /**
             * @description The lane that the message joins. `urgent`: before all other lanes; `normal`: the default; `bulk`: after all other lanes
             * @enum {string}
             */
            priority?: "urgent" | "normal" | "bulk";
            /**
             * @description WhatsApp's category of the message. `marketing`: refused and cancelled for a recipient who has opted out; `utility`: about an agreed transaction; `authentication`: a one-time code; `service`: a response to what the person wrote
             * @enum {string}
             */
            category?: "marketing" | "utility" | "authentication" | "service";
            /** @description Phone number id of the sender; default: the first one configured */
            sender?: string;
            /**
             * @description What to do with a message that cannot be sent at once. `wait`: it joins the queue, the default; `reject`: it is refused with LIMITED
             * @enum {string}
             */
            whenLimited?: "wait" | "reject";
            /** @description How long it may wait before it expires */
            expiresInMs?: number;
            /** @description ISO 8601, or ms since the epoch; a time in the past means now */
            scheduledFor?: string | number;
            /**
             * @description What to do if its outcome stays unknown. `retry`: it is sent again, so perhaps twice; `fail`: it is given up, although it may have been sent
             * @enum {string}
             */
            onUnknown?: "retry" | "fail";
        } & (unknown | unknown | unknown);
        /** @description The message was sent within the request (`immediate`) */
        Sent: {
            /** @description The gateway's id of the message */
            id: string;
            /** @description The idempotency key, or the id if there is none */
            jobId: string;
            /** @description The idempotency key in force */
            idempotencyKey: string | null;
            /**
             * @description Where the key came from. `header`: the header `Idempotency-Key`; `field`: the field `idempotencyKey`; `derived`: derived from recipient, content, type and timestamp; `none`: it has none
             * @enum {string}
             */
            keySource: "header" | "field" | "derived" | "none";
            /**
             * @description The state of the message. `scheduled`: waits for its `scheduledFor`; `queued`: waits in its recipient's queue; `sending`: is being sent to WhatsApp; `sent`: WhatsApp accepted it; `delivered`: it reached the recipient's phone; `read`: the recipient read it; `retrying`: failed for a temporary reason and waits for its next attempt; `unknown`: was sent and got no response; held until its outcome is known or the hold time ends; `failed`: failed permanently; `cancelled`: cancelled before it was sent; `expired`: its lifetime ended before it could be sent
             * @enum {string}
             */
            status: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description It was sent within this request */
            immediate: boolean;
            /** @description It waits */
            queued: boolean;
            /** @description It repeats an earlier message: nothing is sent */
            duplicate: boolean;
            /** @description Present and true if the sandbox replaces WhatsApp: nothing was really sent */
            sandbox?: boolean;
            /** @description WhatsApp's id of the message */
            providerMessageId: string | null;
            /** @description WhatsApp's id of the recipient, if it differs from what the caller wrote */
            waId?: string;
            /** @description WhatsApp's status of the message, if given: `accepted`, or `held_for_quality_assessment` for a paced template */
            messageStatus?: string;
        };
        /** @description The message is accepted and waits (`queued`) */
        Accepted: {
            /** @description The gateway's id of the message */
            id: string;
            /** @description The idempotency key, or the id if there is none */
            jobId: string;
            /** @description The idempotency key in force */
            idempotencyKey: string | null;
            /**
             * @description Where the key came from. `header`: the header `Idempotency-Key`; `field`: the field `idempotencyKey`; `derived`: derived from recipient, content, type and timestamp; `none`: it has none
             * @enum {string}
             */
            keySource: "header" | "field" | "derived" | "none";
            /**
             * @description The state of the message. `scheduled`: waits for its `scheduledFor`; `queued`: waits in its recipient's queue; `sending`: is being sent to WhatsApp; `sent`: WhatsApp accepted it; `delivered`: it reached the recipient's phone; `read`: the recipient read it; `retrying`: failed for a temporary reason and waits for its next attempt; `unknown`: was sent and got no response; held until its outcome is known or the hold time ends; `failed`: failed permanently; `cancelled`: cancelled before it was sent; `expired`: its lifetime ended before it could be sent
             * @enum {string}
             */
            status: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description It was sent within this request */
            immediate: boolean;
            /** @description It waits */
            queued: boolean;
            /** @description It repeats an earlier message: nothing is sent */
            duplicate: boolean;
            /** @description Present and true if the sandbox replaces WhatsApp: nothing was really sent */
            sandbox?: boolean;
            /** @description How long it waits at least; null if no end is known */
            delayMs?: number | null;
            /**
             * Format: date-time
             * @description The earliest time at which it can be sent; null if no end is known
             */
            expectedAt?: string | null;
            /** @description Its position in the recipient's queue, from 1 */
            position?: number;
            /**
             * @description What it waits for. `pair-rate`: the rate limit of its recipient; `sender-rate`: the rate limit of its sender; `turn-in-queue`: earlier messages, or a free place in flight; `cool-down`: the end of a cool-down: WhatsApp asked to slow down; `pause`: an operator paused the sender; `sender-stopped`: WhatsApp rejects the sender: token, permission, account or payment; `schedule`: its own `scheduledFor`; `retry`: the retry schedule
             * @enum {string|null}
             */
            waitingFor?: "pair-rate" | "sender-rate" | "turn-in-queue" | "cool-down" | "pause" | "sender-stopped" | "schedule" | "retry" | null;
            /** @description Why the last attempt failed */
            error?: components["schemas"]["DeliveryError"];
            /**
             * Format: date-time
             * @description When the next attempt, or the decision on its unknown outcome, is due
             */
            nextRetryAt?: string | null;
        };
        /** @description The idempotency key is known: the state of the first message; nothing is sent (`duplicate`) */
        Duplicate: {
            /** @description The gateway's id of the message */
            id: string;
            /** @description The idempotency key, or the id if there is none */
            jobId: string;
            /** @description The idempotency key in force */
            idempotencyKey: string | null;
            /**
             * @description Where the key came from. `header`: the header `Idempotency-Key`; `field`: the field `idempotencyKey`; `derived`: derived from recipient, content, type and timestamp; `none`: it has none
             * @enum {string}
             */
            keySource: "header" | "field" | "derived" | "none";
            /**
             * @description The state of the message. `scheduled`: waits for its `scheduledFor`; `queued`: waits in its recipient's queue; `sending`: is being sent to WhatsApp; `sent`: WhatsApp accepted it; `delivered`: it reached the recipient's phone; `read`: the recipient read it; `retrying`: failed for a temporary reason and waits for its next attempt; `unknown`: was sent and got no response; held until its outcome is known or the hold time ends; `failed`: failed permanently; `cancelled`: cancelled before it was sent; `expired`: its lifetime ended before it could be sent
             * @enum {string}
             */
            status: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description Phone number id of the sender */
            sender: string;
            /** @description The recipient as the caller wrote it: number, business-scoped user id or group; null once the message is settled */
            to: string | null;
            /** @description A text or a Cloud API message object; null once the message is settled and its content deleted */
            message: string | {
                [key: string]: unknown;
            } | null;
            /** @description The Cloud API message type; null once the message is settled */
            type: string | null;
            /** @description As the caller gave it */
            metadata: {
                [key: string]: unknown;
            } | null;
            /**
             * @description As the caller gave it, while the message is stored. `marketing`: refused and cancelled for a recipient who has opted out; `utility`: about an agreed transaction; `authentication`: a one-time code; `service`: a response to what the person wrote
             * @enum {string}
             */
            category?: "marketing" | "utility" | "authentication" | "service";
            /**
             * @description Why the gateway itself cancelled it. `opted-out`: marketing to a recipient who has opted out
             * @enum {string}
             */
            cancelledFor?: "opted-out";
            /** @description The caller's own `biz_opaque_callback_data`, if the message came through the Graph surface with one */
            callbackData?: string;
            /**
             * Format: date-time
             * @description When it was accepted
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it ended
             */
            settledAt: string | null;
            /**
             * Format: date-time
             * @description When it expires if it still waits
             */
            expiresAt: string | null;
            /** @description Attempts that count against the retry schedule */
            attemptCount: number;
            /** @description WhatsApp's id of the message */
            providerMessageId: string | null;
            /** @description WhatsApp's id of the recipient, if it differs from what the caller wrote */
            waId?: string;
            /**
             * Format: date-time
             * @description When it was delivered, from a webhook
             */
            deliveredAt: string | null;
            /**
             * Format: date-time
             * @description When it was read, from a webhook
             */
            readAt: string | null;
            /** @description A failure that a webhook reported after the message was accepted */
            deliveryError?: components["schemas"]["DeliveryError"];
            /** @description How long it waits at least; null if no end is known */
            delayMs?: number | null;
            /**
             * Format: date-time
             * @description The earliest time at which it can be sent; null if no end is known
             */
            expectedAt?: string | null;
            /** @description Its position in the recipient's queue, from 1 */
            position?: number;
            /**
             * @description What it waits for. `pair-rate`: the rate limit of its recipient; `sender-rate`: the rate limit of its sender; `turn-in-queue`: earlier messages, or a free place in flight; `cool-down`: the end of a cool-down: WhatsApp asked to slow down; `pause`: an operator paused the sender; `sender-stopped`: WhatsApp rejects the sender: token, permission, account or payment; `schedule`: its own `scheduledFor`; `retry`: the retry schedule
             * @enum {string|null}
             */
            waitingFor?: "pair-rate" | "sender-rate" | "turn-in-queue" | "cool-down" | "pause" | "sender-stopped" | "schedule" | "retry" | null;
            /**
             * Format: date-time
             * @description When the next attempt, or the decision on its unknown outcome, is due
             */
            nextRetryAt?: string | null;
            /** @description Why the last attempt failed */
            error?: components["schemas"]["DeliveryError"];
            /**
             * Format: date-time
             * @description When its failure was acknowledged
             */
            acknowledgedAt?: string;
            /** @description The API key that acknowledged it */
            acknowledgedBy?: string;
            /** @description The note of the acknowledgement */
            note?: string;
            /** @description Attempts that did not succeed at once, oldest first */
            attempts: components["schemas"]["Attempt"][];
            /** @description Present and true if the sandbox replaces WhatsApp: nothing was really sent */
            sandbox?: boolean;
            /** @description It was sent within this request */
            immediate: boolean;
            /** @description It waits */
            queued: boolean;
            /** @description It repeats an earlier message: nothing is sent */
            duplicate: boolean;
        };
        /** @description A message with its state and its history */
        Message: {
            /** @description The gateway's id of the message */
            id: string;
            /** @description The idempotency key, or the id if there is none; null once the message is settled, unless it was requested by its key */
            jobId: string | null;
            /** @description The idempotency key in force; null once the message is settled, unless it was requested by its key */
            idempotencyKey: string | null;
            /**
             * @description Where the key came from. `header`: the header `Idempotency-Key`; `field`: the field `idempotencyKey`; `derived`: derived from recipient, content, type and timestamp; `none`: it has none
             * @enum {string|null}
             */
            keySource: "header" | "field" | "derived" | "none" | null;
            /**
             * @description The state of the message. `scheduled`: waits for its `scheduledFor`; `queued`: waits in its recipient's queue; `sending`: is being sent to WhatsApp; `sent`: WhatsApp accepted it; `delivered`: it reached the recipient's phone; `read`: the recipient read it; `retrying`: failed for a temporary reason and waits for its next attempt; `unknown`: was sent and got no response; held until its outcome is known or the hold time ends; `failed`: failed permanently; `cancelled`: cancelled before it was sent; `expired`: its lifetime ended before it could be sent
             * @enum {string}
             */
            status: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description Phone number id of the sender */
            sender: string;
            /** @description The recipient as the caller wrote it: number, business-scoped user id or group; null once the message is settled */
            to: string | null;
            /** @description A text or a Cloud API message object; null once the message is settled and its content deleted */
            message: string | {
                [key: string]: unknown;
            } | null;
            /** @description The Cloud API message type; null once the message is settled */
            type: string | null;
            /** @description As the caller gave it */
            metadata: {
                [key: string]: unknown;
            } | null;
            /**
             * @description As the caller gave it, while the message is stored. `marketing`: refused and cancelled for a recipient who has opted out; `utility`: about an agreed transaction; `authentication`: a one-time code; `service`: a response to what the person wrote
             * @enum {string}
             */
            category?: "marketing" | "utility" | "authentication" | "service";
            /**
             * @description Why the gateway itself cancelled it. `opted-out`: marketing to a recipient who has opted out
             * @enum {string}
             */
            cancelledFor?: "opted-out";
            /** @description The caller's own `biz_opaque_callback_data`, if the message came through the Graph surface with one */
            callbackData?: string;
            /**
             * Format: date-time
             * @description When it was accepted
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it ended
             */
            settledAt: string | null;
            /**
             * Format: date-time
             * @description When it expires if it still waits
             */
            expiresAt: string | null;
            /** @description Attempts that count against the retry schedule */
            attemptCount: number;
            /** @description WhatsApp's id of the message */
            providerMessageId: string | null;
            /** @description WhatsApp's id of the recipient, if it differs from what the caller wrote */
            waId?: string;
            /**
             * Format: date-time
             * @description When it was delivered, from a webhook
             */
            deliveredAt: string | null;
            /**
             * Format: date-time
             * @description When it was read, from a webhook
             */
            readAt: string | null;
            /** @description A failure that a webhook reported after the message was accepted */
            deliveryError?: components["schemas"]["DeliveryError"];
            /** @description How long it waits at least; null if no end is known */
            delayMs?: number | null;
            /**
             * Format: date-time
             * @description The earliest time at which it can be sent; null if no end is known
             */
            expectedAt?: string | null;
            /** @description Its position in the recipient's queue, from 1 */
            position?: number;
            /**
             * @description What it waits for. `pair-rate`: the rate limit of its recipient; `sender-rate`: the rate limit of its sender; `turn-in-queue`: earlier messages, or a free place in flight; `cool-down`: the end of a cool-down: WhatsApp asked to slow down; `pause`: an operator paused the sender; `sender-stopped`: WhatsApp rejects the sender: token, permission, account or payment; `schedule`: its own `scheduledFor`; `retry`: the retry schedule
             * @enum {string|null}
             */
            waitingFor?: "pair-rate" | "sender-rate" | "turn-in-queue" | "cool-down" | "pause" | "sender-stopped" | "schedule" | "retry" | null;
            /**
             * Format: date-time
             * @description When the next attempt, or the decision on its unknown outcome, is due
             */
            nextRetryAt?: string | null;
            /** @description Why the last attempt failed */
            error?: components["schemas"]["DeliveryError"];
            /**
             * Format: date-time
             * @description When its failure was acknowledged
             */
            acknowledgedAt?: string;
            /** @description The API key that acknowledged it */
            acknowledgedBy?: string;
            /** @description The note of the acknowledgement */
            note?: string;
            /** @description Attempts that did not succeed at once, oldest first */
            attempts: components["schemas"]["Attempt"][];
            /** @description Present and true if the sandbox replaces WhatsApp: nothing was really sent */
            sandbox?: boolean;
        };
        /** @description One attempt to send a message */
        Attempt: {
            /** @description Counted from 1 */
            attempt: number;
            /**
             * Format: date-time
             * @description When it was settled
             */
            at: string;
            /** @description From the start of the request to its outcome */
            durationMs: number | null;
            /** @description Its outcome: `sent`, `retryable`, `limited`, `rejected`, `sender-stopped`, `unsent` or `unknown` */
            outcome: string;
            /** @description The error code */
            code: string | null;
            /** @description The error text */
            error: string | null;
        };
        /** @description Why an attempt failed */
        DeliveryError: {
            /** @description WhatsApp's error code, or a code of the gateway such as `TIMEOUT` */
            code: string;
            /** @description The error text of WhatsApp or of the connection */
            message: string | null;
            /** @description What the code means */
            explanation: string;
            /** @description What to do about it */
            remedy: string;
        };
        /** @description An array of messages, or an object that contains it */
        Batch: unknown[] | {
            /** @description The messages, each as in POST /messages; an invalid one does not affect the others */
            messages: unknown[];
        };
        /** @description A row of a batch that is accepted */
        AcceptedRow: {
            /** @description The HTTP status that the message alone would have had */
            httpStatus: number;
            /** @description The gateway's id of the message */
            id: string;
            /** @description The idempotency key, or the id if there is none */
            jobId: string;
            /** @description The idempotency key in force */
            idempotencyKey: string | null;
            /**
             * @description Where the key came from. `header`: the header `Idempotency-Key`; `field`: the field `idempotencyKey`; `derived`: derived from recipient, content, type and timestamp; `none`: it has none
             * @enum {string}
             */
            keySource: "header" | "field" | "derived" | "none";
            /**
             * @description The state of the message. `scheduled`: waits for its `scheduledFor`; `queued`: waits in its recipient's queue; `sending`: is being sent to WhatsApp; `sent`: WhatsApp accepted it; `delivered`: it reached the recipient's phone; `read`: the recipient read it; `retrying`: failed for a temporary reason and waits for its next attempt; `unknown`: was sent and got no response; held until its outcome is known or the hold time ends; `failed`: failed permanently; `cancelled`: cancelled before it was sent; `expired`: its lifetime ended before it could be sent
             * @enum {string}
             */
            status: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description It was sent within this request */
            immediate: boolean;
            /** @description It waits */
            queued: boolean;
            /** @description It repeats an earlier message: nothing is sent */
            duplicate: boolean;
            /** @description Present and true if the sandbox replaces WhatsApp: nothing was really sent */
            sandbox?: boolean;
            /** @description How long it waits at least; null if no end is known */
            delayMs?: number | null;
            /**
             * Format: date-time
             * @description The earliest time at which it can be sent; null if no end is known
             */
            expectedAt?: string | null;
            /** @description Its position in the recipient's queue, from 1 */
            position?: number;
            /**
             * @description What it waits for. `pair-rate`: the rate limit of its recipient; `sender-rate`: the rate limit of its sender; `turn-in-queue`: earlier messages, or a free place in flight; `cool-down`: the end of a cool-down: WhatsApp asked to slow down; `pause`: an operator paused the sender; `sender-stopped`: WhatsApp rejects the sender: token, permission, account or payment; `schedule`: its own `scheduledFor`; `retry`: the retry schedule
             * @enum {string|null}
             */
            waitingFor?: "pair-rate" | "sender-rate" | "turn-in-queue" | "cool-down" | "pause" | "sender-stopped" | "schedule" | "retry" | null;
            /** @description Why the last attempt failed */
            error?: components["schemas"]["DeliveryError"];
            /**
             * Format: date-time
             * @description When the next attempt, or the decision on its unknown outcome, is due
             */
            nextRetryAt?: string | null;
        };
        /** @description A row of a batch whose idempotency key is known */
        DuplicateRow: {
            /** @description The HTTP status that the message alone would have had */
            httpStatus: number;
            /** @description The gateway's id of the message */
            id: string;
            /** @description The idempotency key, or the id if there is none */
            jobId: string;
            /** @description The idempotency key in force */
            idempotencyKey: string | null;
            /**
             * @description Where the key came from. `header`: the header `Idempotency-Key`; `field`: the field `idempotencyKey`; `derived`: derived from recipient, content, type and timestamp; `none`: it has none
             * @enum {string}
             */
            keySource: "header" | "field" | "derived" | "none";
            /**
             * @description The state of the message. `scheduled`: waits for its `scheduledFor`; `queued`: waits in its recipient's queue; `sending`: is being sent to WhatsApp; `sent`: WhatsApp accepted it; `delivered`: it reached the recipient's phone; `read`: the recipient read it; `retrying`: failed for a temporary reason and waits for its next attempt; `unknown`: was sent and got no response; held until its outcome is known or the hold time ends; `failed`: failed permanently; `cancelled`: cancelled before it was sent; `expired`: its lifetime ended before it could be sent
             * @enum {string}
             */
            status: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description Phone number id of the sender */
            sender: string;
            /** @description The recipient as the caller wrote it: number, business-scoped user id or group; null once the message is settled */
            to: string | null;
            /** @description A text or a Cloud API message object; null once the message is settled and its content deleted */
            message: string | {
                [key: string]: unknown;
            } | null;
            /** @description The Cloud API message type; null once the message is settled */
            type: string | null;
            /** @description As the caller gave it */
            metadata: {
                [key: string]: unknown;
            } | null;
            /**
             * @description As the caller gave it, while the message is stored. `marketing`: refused and cancelled for a recipient who has opted out; `utility`: about an agreed transaction; `authentication`: a one-time code; `service`: a response to what the person wrote
             * @enum {string}
             */
            category?: "marketing" | "utility" | "authentication" | "service";
            /**
             * @description Why the gateway itself cancelled it. `opted-out`: marketing to a recipient who has opted out
             * @enum {string}
             */
            cancelledFor?: "opted-out";
            /** @description The caller's own `biz_opaque_callback_data`, if the message came through the Graph surface with one */
            callbackData?: string;
            /**
             * Format: date-time
             * @description When it was accepted
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it ended
             */
            settledAt: string | null;
            /**
             * Format: date-time
             * @description When it expires if it still waits
             */
            expiresAt: string | null;
            /** @description Attempts that count against the retry schedule */
            attemptCount: number;
            /** @description WhatsApp's id of the message */
            providerMessageId: string | null;
            /** @description WhatsApp's id of the recipient, if it differs from what the caller wrote */
            waId?: string;
            /**
             * Format: date-time
             * @description When it was delivered, from a webhook
             */
            deliveredAt: string | null;
            /**
             * Format: date-time
             * @description When it was read, from a webhook
             */
            readAt: string | null;
            /** @description A failure that a webhook reported after the message was accepted */
            deliveryError?: components["schemas"]["DeliveryError"];
            /** @description How long it waits at least; null if no end is known */
            delayMs?: number | null;
            /**
             * Format: date-time
             * @description The earliest time at which it can be sent; null if no end is known
             */
            expectedAt?: string | null;
            /** @description Its position in the recipient's queue, from 1 */
            position?: number;
            /**
             * @description What it waits for. `pair-rate`: the rate limit of its recipient; `sender-rate`: the rate limit of its sender; `turn-in-queue`: earlier messages, or a free place in flight; `cool-down`: the end of a cool-down: WhatsApp asked to slow down; `pause`: an operator paused the sender; `sender-stopped`: WhatsApp rejects the sender: token, permission, account or payment; `schedule`: its own `scheduledFor`; `retry`: the retry schedule
             * @enum {string|null}
             */
            waitingFor?: "pair-rate" | "sender-rate" | "turn-in-queue" | "cool-down" | "pause" | "sender-stopped" | "schedule" | "retry" | null;
            /**
             * Format: date-time
             * @description When the next attempt, or the decision on its unknown outcome, is due
             */
            nextRetryAt?: string | null;
            /** @description Why the last attempt failed */
            error?: components["schemas"]["DeliveryError"];
            /**
             * Format: date-time
             * @description When its failure was acknowledged
             */
            acknowledgedAt?: string;
            /** @description The API key that acknowledged it */
            acknowledgedBy?: string;
            /** @description The note of the acknowledgement */
            note?: string;
            /** @description Attempts that did not succeed at once, oldest first */
            attempts: components["schemas"]["Attempt"][];
            /** @description Present and true if the sandbox replaces WhatsApp: nothing was really sent */
            sandbox?: boolean;
            /** @description It was sent within this request */
            immediate: boolean;
            /** @description It waits */
            queued: boolean;
            /** @description It repeats an earlier message: nothing is sent */
            duplicate: boolean;
        };
        /** @description A row of a batch that is not accepted */
        ProblemRow: {
            /** @description The HTTP status that the message alone would have had */
            httpStatus: number;
            /** @description `urn:sluice:error:<code>` */
            type: string;
            /** @description The sentence of the code */
            title: string;
            /** @description The HTTP status */
            status: number;
            /**
             * @description What went wrong; stable. `INVALID_REQUEST`: 400, The request is not valid; `INVALID_RECIPIENT`: 400, A recipient is 7 to 15 digits, with or without + - ( ) and spaces; `RECIPIENT_IS_USER_ID`: 400, This is a business-scoped user id; WhatsApp drops it silently in "to"; `INVALID_KEY`: 400, An idempotency key is 1 to 256 printable ASCII characters; `UNAUTHENTICATED`: 401, Send "Authorization: Bearer <key>" with a key that this gateway knows; `WEBHOOK_SIGNATURE`: 401, No app secret that this gateway knows has signed these bytes; `FORBIDDEN`: 403, This key's role may not do that; `NOT_FOUND`: 404, Nothing is known by this name; `SENDER_UNKNOWN`: 404, No such sender is configured; `NOT_SUPPORTED`: 405, This queue holds messages, which the dashboard can not treat so; `TOO_SLOW`: 408, The request took too long to arrive; `NOT_SENT_YET`: 409, The message that this one quotes has not been sent yet; `NOT_CANCELLABLE`: 409, Only a message that waits can be cancelled; `NOT_RETRYABLE`: 409, This failure can not be retried now; `TOO_LARGE`: 413, The request body is too large; `IDEMPOTENCY_KEY_REUSED`: 422, This idempotency key belongs to a message with other content; `RECIPIENT_OPTED_OUT`: 422, The recipient wants no marketing from this sender; `PROVIDER_REJECTED`: 422, WhatsApp refused this message for good; `ENDED_UNSENT`: 422, The message that this key belongs to has ended without being sent; `LIMITED`: 429, The message would have had to wait; `RECIPIENT_QUEUE_FULL`: 429, Too many messages wait for this recipient; `BACKLOG_FULL`: 429, Too many messages wait for this sender; `WOULD_EXPIRE`: 429, The wait would be longer than the message may live; `HEADERS_TOO_LARGE`: 431, The head of the request is too large; `INTERNAL`: 500, Something went wrong in the gateway; `UNAVAILABLE`: 503, Redis is away or nearly full; repeat with the same idempotency key; `OVERLOADED`: 503, This node has more to do than it can; repeat with the same idempotency key, here later or at another node now; `PROVIDER_UNAVAILABLE`: 503, WhatsApp does not answer; nothing was repeated; `SHUTTING_DOWN`: 503, This node is closing; repeat with the same idempotency key; `CONFIG_INVALID`: 500, A setting is not valid; `SCRIPT_INVALID`: 500, A Lua script and its header disagree; `LAYOUT_NEWER`: 500, Redis holds data of a newer version of the gateway; `SETUP_FAILED`: 500, Something needed to run is missing
             * @enum {string}
             */
            code: "INVALID_REQUEST" | "INVALID_RECIPIENT" | "RECIPIENT_IS_USER_ID" | "INVALID_KEY" | "UNAUTHENTICATED" | "WEBHOOK_SIGNATURE" | "FORBIDDEN" | "NOT_FOUND" | "SENDER_UNKNOWN" | "NOT_SUPPORTED" | "TOO_SLOW" | "NOT_SENT_YET" | "NOT_CANCELLABLE" | "NOT_RETRYABLE" | "TOO_LARGE" | "IDEMPOTENCY_KEY_REUSED" | "RECIPIENT_OPTED_OUT" | "PROVIDER_REJECTED" | "ENDED_UNSENT" | "LIMITED" | "RECIPIENT_QUEUE_FULL" | "BACKLOG_FULL" | "WOULD_EXPIRE" | "HEADERS_TOO_LARGE" | "INTERNAL" | "UNAVAILABLE" | "OVERLOADED" | "PROVIDER_UNAVAILABLE" | "SHUTTING_DOWN" | "CONFIG_INVALID" | "SCRIPT_INVALID" | "LAYOUT_NEWER" | "SETUP_FAILED";
            /** @description What exactly is wrong */
            detail?: string;
            /** @description The invalid field, parameter or header */
            field?: string;
            /** @description IDEMPOTENCY_KEY_REUSED, PROVIDER_REJECTED: the message that the key belongs to */
            id?: string;
            /** @description PROVIDER_REJECTED: why WhatsApp rejected it */
            error?: components["schemas"]["DeliveryError"];
            /**
             * @description NOT_CANCELLABLE, NOT_SENT_YET: the state of the message. `scheduled`: waits for its `scheduledFor`; `queued`: waits in its recipient's queue; `sending`: is being sent to WhatsApp; `sent`: WhatsApp accepted it; `delivered`: it reached the recipient's phone; `read`: the recipient read it; `retrying`: failed for a temporary reason and waits for its next attempt; `unknown`: was sent and got no response; held until its outcome is known or the hold time ends; `failed`: failed permanently; `cancelled`: cancelled before it was sent; `expired`: its lifetime ended before it could be sent
             * @enum {string}
             */
            messageStatus?: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description LIMITED, WOULD_EXPIRE, RECIPIENT_QUEUE_FULL, BACKLOG_FULL: how long the message would have waited; null if no end is known */
            waitMs?: number | null;
            /** @description When to retry, as in `Retry-After` */
            retryAfterMs?: number;
        };
        /** @description The result of each message of a batch */
        BatchAnswers: {
            /** @description One result for each message, in the same order */
            results: (components["schemas"]["AcceptedRow"] | components["schemas"]["DuplicateRow"] | components["schemas"]["ProblemRow"])[];
        };
        /** @description What to search for */
        FindMessages: {
            /** @description The recipient: a number, a business-scoped user id, or `group:<id>` */
            recipient?: string;
            /** @description Its idempotency key */
            idempotencyKey?: string;
            /** @description WhatsApp's id of the message */
            providerMessageId?: string;
            /** @description An entry of the metadata as `key:value` */
            tag?: string;
            /** @description Phone number id of the sender; default: all senders */
            sender?: string;
            /**
             * @description Maximum number of messages
             * @default 20
             */
            limit?: number;
        };
        /** @description The messages found */
        Messages: {
            /** @description Newest first */
            messages: components["schemas"]["Message"][];
        };
        /** @description The failures to retry now */
        RetryFailures: {
            /**
             * @description Maximum number of failures
             * @default 10
             */
            limit?: number;
            /**
             * @description Also failures whose retry is not due yet
             * @default false
             */
            force?: boolean;
            /** @description Phone number id of the sender; default: the first one configured */
            sender?: string;
        };
        /** @description The acknowledgement of a failure */
        Acknowledge: {
            /** @description Stored in its history */
            note?: string;
        };
        /** @description The failures to acknowledge */
        AcknowledgeAll: {
            /**
             * @description Only those with this status. `PENDING`: waits for its next retry; `FAILED`: failed permanently
             * @default FAILED
             * @enum {string}
             */
            status?: "PENDING" | "FAILED";
            /** @description Phone number id of the sender; default: the first one configured */
            sender?: string;
            /** @description Only those of this recipient: a number, a business-scoped user id, or `group:<id>` */
            recipient?: string;
            /** @description Only the one with this key */
            idempotencyKey?: string;
            /**
             * @description Maximum number of failures
             * @default 1000
             */
            limit?: number;
            /** @description Stored in its history */
            note?: string;
        };
        /** @description A message that WhatsApp did not accept */
        Failure: {
            /** @description Id of the message */
            id: string;
            /** @description The recipient as the caller wrote it */
            phoneNumber: string;
            /** @description A text, or a Cloud API message object */
            message: string | {
                [key: string]: unknown;
            };
            /** @description The idempotency key of the message */
            idempotencyKey: string | null;
            /** @description The text of the last error */
            errorMessage: string | null;
            /** @description The code of the last error */
            errorCode: string | null;
            /** @description Attempts so far */
            attemptCount: number;
            /**
             * @description Its status. `PENDING`: waits for its next retry; `RESOLVED`: a retry succeeded; `FAILED`: failed permanently
             * @enum {string}
             */
            status: "PENDING" | "RESOLVED" | "FAILED";
            /** @description As the caller gave it */
            metadata: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: date-time
             * @description When it is retried next; null unless PENDING
             */
            nextRetryAt: string | null;
            /**
             * Format: date-time
             * @description When the last attempt was settled
             */
            lastAttemptAt: string | null;
            /**
             * Format: date-time
             * @description When a retry succeeded; null unless RESOLVED
             */
            resolvedAt: string | null;
            /**
             * Format: date-time
             * @description When the message was accepted
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it last changed
             */
            updatedAt: string;
            /**
             * @description Why it failed permanently; null unless FAILED. `rejected`: WhatsApp rejected it permanently; `exhausted`: all retries failed; `expired`: its lifetime ended; `unknown`: its outcome stayed unknown; `cancelled`: it was cancelled
             * @enum {string|null}
             */
            reason: "rejected" | "exhausted" | "expired" | "unknown" | "cancelled" | null;
            /** @description What the last error means */
            explanation: string | null;
            /** @description What to do about it */
            remedy: string | null;
            /**
             * Format: date-time
             * @description A retry before this time would fail too
             */
            retryNotBefore: string | null;
            /**
             * Format: date-time
             * @description When it was acknowledged
             */
            acknowledgedAt: string | null;
            /** @description The API key that acknowledged it */
            acknowledgedBy: string | null;
            /** @description Oldest first */
            attempts: components["schemas"]["Attempt"][];
        };
        /** @description A page of failures */
        Failures: {
            /** @description PENDING by next retry, then FAILED and RESOLVED newest first */
            failures: components["schemas"]["Failure"][];
            /** @description `cursor` of the next page; null at the end */
            nextCursor: string | null;
        };
        /** @description The results of one run of retries; the four are disjoint and sum to `total` */
        RetryCounts: {
            /** @description Failures retried */
            total: number;
            /** @description Sent */
            succeeded: number;
            /** @description Failed again, or of unknown outcome: a later retry follows */
            failed: number;
            /** @description Failed permanently */
            permanentlyFailed: number;
            /** @description Returned to the queue because no slot was free */
            deferred: number;
        };
        /** @description An acknowledged failure */
        Acknowledged: {
            /** @description Id of the failed message */
            id: string;
            /** @description The API key that acknowledged it */
            acknowledgedBy: string;
        };
        /** @description The number of acknowledged failures */
        AcknowledgedAll: {
            /** @description Failures acknowledged by this request */
            acknowledged: number;
            /** @description There may be others: repeat the request */
            more: boolean;
        };
        /** @description The recipient whose rate limit is requested */
        FindRateLimit: {
            /** @description The recipient: a number written as in `to`, a business-scoped user id, or `group:<id>` */
            recipient: string;
            /** @description Phone number id of the sender; default: the first one configured */
            sender?: string;
            /**
             * @description The lane that a new message would join. `urgent`: before all other lanes; `normal`: the default; `bulk`: after all other lanes
             * @default normal
             * @enum {string}
             */
            priority?: "urgent" | "normal" | "bulk";
        };
        /** @description The rate limit of one recipient with one sender */
        RateLimit: {
            /** @description As requested */
            recipient: string;
            /** @description Phone number id of the sender */
            sender: string;
            /** @description The rule in force */
            rule: {
                /** @description Minimum time between two messages */
                intervalMs: number;
                /** @description Messages that may be sent without an interval after a quiet time */
                burst: number;
            };
            /** @description How long a message posted now would wait; null if no end is known */
            delayMs: number | null;
            /**
             * Format: date-time
             * @description When it could be sent
             */
            nextSlotAt: string | null;
            /**
             * @description What it would wait for. `pair-rate`: the rate limit of its recipient; `sender-rate`: the rate limit of its sender; `turn-in-queue`: earlier messages, or a free place in flight; `cool-down`: the end of a cool-down: WhatsApp asked to slow down; `pause`: an operator paused the sender; `sender-stopped`: WhatsApp rejects the sender: token, permission, account or payment; `schedule`: its own `scheduledFor`; `retry`: the retry schedule
             * @enum {string}
             */
            waitingFor: "pair-rate" | "sender-rate" | "turn-in-queue" | "cool-down" | "pause" | "sender-stopped" | "schedule" | "retry";
            /** @description Messages in the recipient's queue */
            waiting: {
                /** @description In the urgent lane */
                urgent: number;
                /** @description In the normal lane */
                normal: number;
                /** @description In the bulk lane */
                bulk: number;
            };
            /** @description A message is in flight */
            sending: boolean;
            /** @description The rate limit delays the next message */
            limited: boolean;
        };
        /** @description A reset rate limit */
        RateLimitCleared: {
            /** @description As requested */
            recipient: string;
            /** @description Phone number id of the sender */
            sender: string;
            /** @description There was a state to reset */
            cleared: boolean;
        };
        /** @description The result of an erasure */
        Erased: {
            /** @description Nothing is left; if false, repeat the request once the remaining messages have ended */
            complete: boolean;
            /** @description What was erased */
            erased: {
                /** @description Unsettled messages that were cancelled: queued, scheduled, retrying or of unknown outcome */
                waiting: number;
                /** @description Results of settled messages */
                results: number;
                /** @description Stored failures */
                failures: number;
            };
            /** @description Ids of messages in flight, which end by themselves */
            remaining: string[];
        };
        /** @description An opt-out from marketing */
        StopMarketing: {
            /**
             * @description The reason, for people to read
             * @default asked for
             */
            reason?: string;
        };
        /** @description A recipient who has opted out of marketing from a sender */
        OptOut: {
            /** @description A number in digits, a business-scoped user id, or `group:<id>`; all spellings of a number are the same recipient */
            recipient: string;
            /** @description Phone number id of the sender */
            sender: string;
            /**
             * Format: date-time
             * @description When it was first recorded
             */
            since: string;
            /** @description `whatsapp`, or the API key that recorded it */
            by: string;
            /** @description The reason: an error code of WhatsApp, `user_preferences`, or the caller's text */
            reason: string;
        };
        /** @description A page of opt-outs */
        OptOuts: {
            /** @description In no particular order */
            optOuts: components["schemas"]["OptOut"][];
            /** @description `cursor` of the next page; null at the end. A page before the end may be empty */
            nextCursor: string | null;
        };
        /** @description A recorded opt-out */
        MarketingStopped: {
            /** @description A number in digits, a business-scoped user id, or `group:<id>`; all spellings of a number are the same recipient */
            recipient: string;
            /** @description Phone number id of the sender */
            sender: string;
            /**
             * Format: date-time
             * @description When it was first recorded
             */
            since: string;
            /** @description The recipient had opted out before */
            wasOut: boolean;
            /** @description Queued marketing messages that were cancelled */
            dropped: number;
        };
        /** @description A removed opt-out */
        MarketingResumed: {
            /** @description A number in digits, a business-scoped user id, or `group:<id>`; all spellings of a number are the same recipient */
            recipient: string;
            /** @description Phone number id of the sender */
            sender: string;
            /** @description There was an opt-out */
            wasOut: boolean;
        };
        /** @description The messages by Bull's job states; each is counted once */
        QueueCounts: {
            /** @description Queued with an active sender, and due */
            waiting: number;
            /** @description In flight to WhatsApp */
            active: number;
            /** @description Queued and not due yet, scheduled, or waiting for a retry */
            delayed: number;
            /** @description Sent in the last 24 h */
            completed: number;
            /** @description Failed permanently */
            failed: number;
            /** @description Queued with a paused or stopped sender */
            paused: number;
        };
        /** @description The queue by Bull's job states */
        QueueStats: {
            /**
             * @description Name of the queue
             * @constant
             */
            queue: "WHATSAPP";
            /** @description Queued with an active sender, and due */
            waiting: number;
            /** @description In flight to WhatsApp */
            active: number;
            /** @description Queued and not due yet, scheduled, or waiting for a retry */
            delayed: number;
            /** @description Sent in the last 24 h */
            completed: number;
            /** @description Failed permanently */
            failed: number;
            /** @description Queued with a paused or stopped sender */
            paused: number;
        };
        /** @description The counts of the whole gateway */
        Stats: {
            /** @description The throttle */
            throttling: {
                /** @description Recipients whose rate limit delays their next message */
                activeRateLimits: number;
            };
            /** @description Delivery failures of all senders */
            deliveryFailures: components["schemas"]["FailureCounts"];
            /** @description The queue of all senders */
            queue: components["schemas"]["QueueCounts"];
            /** @description Each sender */
            senders: components["schemas"]["Sender"][];
            /** @description Present and true if the sandbox replaces WhatsApp: nothing was really sent */
            sandbox?: boolean;
        };
        /** @description The retry worker of all nodes */
        RetryWorkerStatus: {
            /** @description It is not stopped, and at least one node is alive to run it */
            isRunning: boolean;
            /** @description How often it looks for due failures */
            intervalMs: number;
            /**
             * Format: date-time
             * @description When it last ran
             */
            lastRunAt: string | null;
            /** @description The counts of its last run */
            lastResult: components["schemas"]["RetryCounts"] | null;
            /**
             * Format: date-time
             * @description When it runs next; null while it does not run
             */
            nextRunAt: string | null;
            /** @description The API key that stopped it */
            stoppedBy: string | null;
        };
        /** @description How long to pause */
        Pause: {
            /** @description How long; without it until an operator resumes the sender */
            forMs?: number;
        };
        /** @description The rules to change; omitted ones stay */
        Quota: {
            /** @description Minimum time between two messages to one recipient */
            pairIntervalMs?: number;
            /** @description Messages that a recipient may get without an interval after a quiet time */
            pairBurst?: number;
            /** @description Maximum messages in any second */
            perSecond?: number;
            /** @description Maximum messages in flight at once, over all nodes */
            maxInFlight?: number;
        };
        /** @description The rate limits in force */
        Rules: {
            /** @description Minimum time between two messages to one recipient */
            pairIntervalMs: number;
            /** @description Messages that a recipient may get without an interval after a quiet time */
            pairBurst: number;
            /** @description Maximum messages in any second */
            perSecond: number;
            /** @description Maximum messages in flight at once, over all nodes */
            maxInFlight: number;
            /** @description Increases with each change */
            version: number;
        };
        /** @description Delivery failures by status */
        FailureCounts: {
            /** @description Wait for a retry */
            pending: number;
            /** @description Sent by a retry */
            resolved: number;
            /** @description Failed permanently */
            failed: number;
        };
        /** @description A sending number with its counts and rules */
        Sender: {
            /** @description Phone number id */
            id: string;
            /**
             * @description Whether it sends. `active`: it sends; `paused`: an operator paused it; `stopped`: WhatsApp rejects everything it sends
             * @enum {string}
             */
            state: "active" | "paused" | "stopped";
            /** @description The operator who paused it, or the code that stopped it */
            reason: string | null;
            /**
             * Format: date-time
             * @description When it resumes by itself, or is probed next; null if no end is known
             */
            resumesAt: string | null;
            /** @description Its rules */
            rules: components["schemas"]["Rules"];
            /** @description Messages in queues */
            queued: number;
            /** @description Queued messages whose ready time has come */
            due: number;
            /** @description Messages in flight to WhatsApp */
            inFlight: number;
            /** @description Messages that wait for their `scheduledFor` */
            scheduled: number;
            /** @description Messages of unknown outcome */
            unknown: number;
            /** @description Its delivery failures */
            failures: components["schemas"]["FailureCounts"];
            /** @description Messages sent in the last 24 h */
            sentLast24h: number;
            /** @description Recipients whose rate limit delays their next message */
            activeRateLimits: number;
            /** @description Messages accepted and not ended */
            unsettled: number;
            /** @description How long the oldest due message has waited beyond its ready time */
            oldestDueSeconds: number;
            /** @description A worker drains it now */
            hasWorker: boolean;
        };
        /** @description The sending numbers */
        Senders: {
            /** @description All configured senders */
            senders: components["schemas"]["Sender"][];
        };
        /** @description One action of an operator */
        AuditEntry: {
            /**
             * Format: date-time
             * @description When it was done
             */
            at: string;
            /** @description The API key of the operator */
            by: string;
            /**
             * @description What was done. `cancel`: cancelled a message; `retry`: retried failures; `acknowledge`: acknowledged failures; `clear`: reset the rate limit of a recipient; `erase`: erased the data of a recipient; `pause`: paused a sender; `resume`: resumed a sender; `quota`: changed the rules of a sender; `opt-out`: recorded that a recipient opted out of marketing; `opt-in`: recorded that a recipient opted in to marketing again; `stop-retries`: stopped the retry worker; `start-retries`: started the retry worker
             * @enum {string}
             */
            action: "cancel" | "retry" | "acknowledge" | "clear" | "erase" | "pause" | "resume" | "quota" | "opt-out" | "opt-in" | "stop-retries" | "start-retries";
            /** @description The sender; `*` for all */
            sender: string;
            /** @description What it was done to; never a recipient in full */
            subject: string;
            /** @description Details */
            detail?: string;
        };
        /** @description The audit trail */
        Audit: {
            /** @description Newest first */
            entries: components["schemas"]["AuditEntry"][];
        };
        /** @description The API key of the caller */
        Caller: {
            /** @description The name of the key */
            name: string;
            /**
             * @description What the key permits. `send`: posts, and reads and cancels its own messages; `read`: reads everything; `admin`: may do everything
             * @enum {string}
             */
            role: "send" | "read" | "admin";
            /** @description Present and true if the sandbox replaces WhatsApp: nothing was really sent */
            sandbox?: boolean;
        };
        /** @description An error code with its explanation */
        Code: {
            /** @description As requested */
            code: string;
            /** @description Its title */
            title: string;
            /** @description What it means */
            explanation: string;
            /** @description What to do about it */
            remedy: string;
        };
        /** @description A body of WhatsApp's Cloud API. One without a recipient (mark as read, typing) is forwarded at once */
        GraphMessage: {
            /**
             * @description Always the same
             * @constant
             */
            messaging_product?: "whatsapp";
            /** @description `group`: `to` is the id of a group */
            recipient_type?: "individual" | "group" | null;
            /** @description The recipient: a number, or the id of a group. Takes precedence over `recipient` */
            to?: string | number | null;
            /** @description The recipient's business-scoped user id */
            recipient?: string | number | null;
            /** @description The member that holds the message, such as `text` */
            type?: string | null;
            /** @description Your own data on the message: stored here and returned with it. WhatsApp gets the gateway's own value instead */
            biz_opaque_callback_data?: string | null;
            /** @description Not forwarded: an API key of this gateway is not for WhatsApp */
            access_token?: unknown;
        } & {
            [key: string]: unknown;
        };
        /** @description The gateway's own data on a message that is not sent yet */
        GraphWait: {
            /**
             * @description The state of the message. `scheduled`: waits for its `scheduledFor`; `queued`: waits in its recipient's queue; `sending`: is being sent to WhatsApp; `sent`: WhatsApp accepted it; `delivered`: it reached the recipient's phone; `read`: the recipient read it; `retrying`: failed for a temporary reason and waits for its next attempt; `unknown`: was sent and got no response; held until its outcome is known or the hold time ends; `failed`: failed permanently; `cancelled`: cancelled before it was sent; `expired`: its lifetime ended before it could be sent
             * @enum {string}
             */
            status: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description How long it waits at least; null if no end is known */
            delay_ms?: number | null;
            /**
             * Format: date-time
             * @description The earliest time at which it can be sent; null if no end is known
             */
            expected_at?: string | null;
            /** @description Its position in the recipient's queue, from 1 */
            position?: number;
            /**
             * @description What it waits for. `pair-rate`: the rate limit of its recipient; `sender-rate`: the rate limit of its sender; `turn-in-queue`: earlier messages, or a free place in flight; `cool-down`: the end of a cool-down: WhatsApp asked to slow down; `pause`: an operator paused the sender; `sender-stopped`: WhatsApp rejects the sender: token, permission, account or payment; `schedule`: its own `scheduledFor`; `retry`: the retry schedule
             * @enum {string|null}
             */
            waiting_for?: "pair-rate" | "sender-rate" | "turn-in-queue" | "cool-down" | "pause" | "sender-stopped" | "schedule" | "retry" | null;
            /**
             * Format: date-time
             * @description When the next attempt, or the decision on its unknown outcome, is due
             */
            next_retry_at?: string | null;
        };
        /** @description The recipient */
        GraphContact: {
            /** @description The recipient as the caller wrote it */
            input: string;
            /** @description WhatsApp's id of the recipient; until WhatsApp gives one, what the caller wrote */
            wa_id?: string;
            /** @description The same for a recipient addressed by its user id */
            user_id?: string;
        };
        /** @description The message */
        GraphAccepted: {
            /** @description WhatsApp's id of the message once it has one, else the gateway's */
            id: string;
            /** @description `accepted`, or WhatsApp's own status */
            message_status?: string;
            /** @description The group */
            group_id?: string;
            /** @description Present until WhatsApp has the message */
            sluice?: components["schemas"]["GraphWait"];
        };
        /** @description A message is sent, or accepted */
        GraphAnswer: {
            /** @description `whatsapp` */
            messaging_product: string;
            /** @description One recipient */
            contacts: components["schemas"]["GraphContact"][];
            /** @description One message */
            messages: components["schemas"]["GraphAccepted"][];
        };
        /** @description WhatsApp's own response to a forwarded request */
        GraphPassed: {
            /** @description WhatsApp did it */
            success: boolean;
        };
        /** @description Why a request failed */
        GraphError: {
            /** @description As in the Graph API */
            error: {
                /** @description `(#code)` and a sentence */
                message: string;
                /** @description `OAuthException` */
                type: string;
                /** @description The closest of Meta's codes; if WhatsApp rejected the message, its own */
                code: number;
                /** @description 33 with code 100: no such phone number id */
                error_subcode?: number;
                /** @description Retry after `Retry-After` */
                is_transient?: boolean;
                /** @description Details */
                error_data: {
                    /** @description `whatsapp` */
                    messaging_product: string;
                    /** @description The gateway's stable code, then what exactly is wrong */
                    details: string;
                };
                /** @description The request's id, as in the header `X-Request-Id` */
                fbtrace_id: string;
            };
        };
    };
    responses: {
        /** @description `UNAUTHENTICATED`: Send "Authorization: Bearer <key>" with a key that this gateway knows */
        Unauthenticated: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `FORBIDDEN`: This key's role may not do that */
        Forbidden: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `TOO_LARGE`: The request body is too large */
        TooLarge: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `INTERNAL`: Something went wrong in the gateway */
        Internal: {
            headers: {
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description `UNAVAILABLE`: Redis is away or nearly full; repeat with the same idempotency key. `OVERLOADED`: This node has more to do than it can; repeat with the same idempotency key, here later or at another node now. `SHUTTING_DOWN`: This node is closing; repeat with the same idempotency key */
        Unavailable: {
            headers: {
                /** @description Whole seconds after which to retry; a minute if no end is known */
                "Retry-After"?: string;
                "X-Request-Id": components["headers"]["X-Request-Id"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description The request's own `X-Request-Id` if it is 1 to 64 letters, digits and `_ . : -`, else a new one; the log has it too */
        "X-Request-Id": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    findMessages: {
        parameters: {
            query?: {
                /** @description The recipient: a number, a business-scoped user id, or `group:<id>` */
                recipient?: string;
                /** @description Its idempotency key */
                idempotencyKey?: string;
                /** @description WhatsApp's id of the message */
                providerMessageId?: string;
                /** @description An entry of the metadata as `key:value` */
                tag?: string;
                /** @description Phone number id of the sender; default: the first one configured */
                sender?: string;
                /** @description Maximum number of messages */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The messages found, newest first */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Messages"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid. `INVALID_RECIPIENT`: A recipient is 7 to 15 digits, with or without + - ( ) and spaces. `RECIPIENT_IS_USER_ID`: This is a business-scoped user id; WhatsApp drops it silently in "to" */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    postMessage: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your name for the message; takes precedence over the field `idempotencyKey`. In a batch, row n without a key of its own gets `<header>#<n>` */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: never send within the request, so the response comes at once */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PostMessage"];
            };
        };
        responses: {
            /** @description Sent within the request, or a duplicate, of which nothing is sent */
            200: {
                headers: {
                    /** @description `true`: the idempotency key is known, and the response describes its first message */
                    "Idempotent-Replayed"?: string;
                    /** @description The state of the pair, as in the IETF draft: `"pair";r=<messages left>;t=<seconds until the next slot>` */
                    RateLimit?: string;
                    /** @description The rule of the pair: `"pair";q=<messages>;w=<seconds>` */
                    "RateLimit-Policy"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sent"] | components["schemas"]["Duplicate"];
                };
            };
            /** @description Accepted; it waits */
            202: {
                headers: {
                    /** @description The state of the pair, as in the IETF draft: `"pair";r=<messages left>;t=<seconds until the next slot>` */
                    RateLimit?: string;
                    /** @description The rule of the pair: `"pair";q=<messages>;w=<seconds>` */
                    "RateLimit-Policy"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid. `INVALID_RECIPIENT`: A recipient is 7 to 15 digits, with or without + - ( ) and spaces. `RECIPIENT_IS_USER_ID`: This is a business-scoped user id; WhatsApp drops it silently in "to". `INVALID_KEY`: An idempotency key is 1 to 256 printable ASCII characters */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_SENT_YET`: The message that this one quotes has not been sent yet */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["TooLarge"];
            /** @description `IDEMPOTENCY_KEY_REUSED`: This idempotency key belongs to a message with other content. `RECIPIENT_OPTED_OUT`: The recipient wants no marketing from this sender. `PROVIDER_REJECTED`: WhatsApp refused this message for good */
            422: {
                headers: {
                    /** @description The state of the pair, as in the IETF draft: `"pair";r=<messages left>;t=<seconds until the next slot>` */
                    RateLimit?: string;
                    /** @description The rule of the pair: `"pair";q=<messages>;w=<seconds>` */
                    "RateLimit-Policy"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `LIMITED`: The message would have had to wait. `RECIPIENT_QUEUE_FULL`: Too many messages wait for this recipient. `BACKLOG_FULL`: Too many messages wait for this sender. `WOULD_EXPIRE`: The wait would be longer than the message may live */
            429: {
                headers: {
                    /** @description Whole seconds after which to retry; a minute if no end is known */
                    "Retry-After"?: string;
                    /** @description The state of the pair, as in the IETF draft: `"pair";r=<messages left>;t=<seconds until the next slot>` */
                    RateLimit?: string;
                    /** @description The rule of the pair: `"pair";q=<messages>;w=<seconds>` */
                    "RateLimit-Policy"?: string;
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getMessage: {
        parameters: {
            query?: {
                /** @description Phone number id of the sender; default: the first one configured */
                sender?: string;
            };
            header?: never;
            path: {
                /** @description Id of the message, or your own idempotency key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The message */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Message"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `NOT_FOUND`: Nothing is known by this name. `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    cancelMessage: {
        parameters: {
            query?: {
                /** @description Phone number id of the sender; default: the first one configured */
                sender?: string;
            };
            header?: never;
            path: {
                /** @description Id of the message, or your own idempotency key */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The message after the cancellation */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Message"];
                };
            };
            /** @description Cancelled; its state is not available */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `INVALID_REQUEST`: The request is not valid */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `NOT_FOUND`: Nothing is known by this name. `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_CANCELLABLE`: Only a message that waits can be cancelled */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    postBatch: {
        parameters: {
            query?: never;
            header?: {
                /** @description Your name for the message; takes precedence over the field `idempotencyKey`. In a batch, row n without a key of its own gets `<header>#<n>` */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Batch"];
            };
        };
        responses: {
            /** @description One result for each row */
            207: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchAnswers"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    findAllMessages: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["FindMessages"];
            };
        };
        responses: {
            /** @description The messages found, newest first */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Messages"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid. `INVALID_RECIPIENT`: A recipient is 7 to 15 digits, with or without + - ( ) and spaces. `RECIPIENT_IS_USER_ID`: This is a business-scoped user id; WhatsApp drops it silently in "to" */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listFailures: {
        parameters: {
            query?: {
                /** @description Only those with this status. `PENDING`: waits for its next retry; `RESOLVED`: a retry succeeded; `FAILED`: failed permanently */
                status?: "PENDING" | "RESOLVED" | "FAILED";
                /** @description Only PENDING ones whose retry is due */
                due?: boolean;
                /** @description Phone number id of the sender; default: the first one configured */
                sender?: string;
                /** @description Only those of this recipient: a number, a business-scoped user id, or `group:<id>` */
                recipient?: string;
                /** @description Only the one with this key */
                idempotencyKey?: string;
                /** @description `nextCursor` of the previous page */
                cursor?: string;
                /** @description Maximum number of failures */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of failures */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Failures"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid. `INVALID_RECIPIENT`: A recipient is 7 to 15 digits, with or without + - ( ) and spaces. `RECIPIENT_IS_USER_ID`: This is a business-scoped user id; WhatsApp drops it silently in "to" */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    retryFailures: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RetryFailures"];
            };
        };
        responses: {
            /** @description The results */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetryCounts"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    retryFailure: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the failed message */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The result */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetryCounts"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `NOT_FOUND`: Nothing is known by this name. `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `NOT_RETRYABLE`: This failure can not be retried now */
            409: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    acknowledgeFailure: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the failed message */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Acknowledge"];
            };
        };
        responses: {
            /** @description Acknowledged */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Acknowledged"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `NOT_FOUND`: Nothing is known by this name. `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    acknowledgeFailures: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AcknowledgeAll"];
            };
        };
        responses: {
            /** @description The number of acknowledged failures */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AcknowledgedAll"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid. `INVALID_RECIPIENT`: A recipient is 7 to 15 digits, with or without + - ( ) and spaces. `RECIPIENT_IS_USER_ID`: This is a business-scoped user id; WhatsApp drops it silently in "to" */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getRateLimit: {
        parameters: {
            query?: {
                /** @description Phone number id of the sender; default: the first one configured */
                sender?: string;
                /** @description The lane that a new message would join. `urgent`: before all other lanes; `normal`: the default; `bulk`: after all other lanes */
                priority?: "urgent" | "normal" | "bulk";
            };
            header?: never;
            path: {
                /** @description The recipient: a number written as in `to`, a business-scoped user id, or `group:<id>` */
                recipient: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rate limit of the recipient */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RateLimit"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid. `INVALID_RECIPIENT`: A recipient is 7 to 15 digits, with or without + - ( ) and spaces. `RECIPIENT_IS_USER_ID`: This is a business-scoped user id; WhatsApp drops it silently in "to" */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    clearRateLimit: {
        parameters: {
            query?: {
                /** @description Phone number id of the sender; default: the first one configured */
                sender?: string;
                /** @description The lane that a new message would join. `urgent`: before all other lanes; `normal`: the default; `bulk`: after all other lanes */
                priority?: "urgent" | "normal" | "bulk";
            };
            header?: never;
            path: {
                /** @description The recipient: a number written as in `to`, a business-scoped user id, or `group:<id>` */
                recipient: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether there was one */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RateLimitCleared"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid. `INVALID_RECIPIENT`: A recipient is 7 to 15 digits, with or without + - ( ) and spaces. `RECIPIENT_IS_USER_ID`: This is a business-scoped user id; WhatsApp drops it silently in "to" */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    findRateLimit: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FindRateLimit"];
            };
        };
        responses: {
            /** @description The rate limit of the recipient */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RateLimit"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid. `INVALID_RECIPIENT`: A recipient is 7 to 15 digits, with or without + - ( ) and spaces. `RECIPIENT_IS_USER_ID`: This is a business-scoped user id; WhatsApp drops it silently in "to" */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    eraseRecipient: {
        parameters: {
            query?: {
                /** @description Phone number id of a current or former sender; default: all senders */
                sender?: string;
            };
            header?: never;
            path: {
                /** @description The recipient: a number written as in `to`, a business-scoped user id, or `group:<id>` */
                recipient: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Nothing is left */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erased"];
                };
            };
            /** @description Messages in flight remain: repeat the request when they have ended */
            202: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erased"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid. `INVALID_RECIPIENT`: A recipient is 7 to 15 digits, with or without + - ( ) and spaces. `RECIPIENT_IS_USER_ID`: This is a business-scoped user id; WhatsApp drops it silently in "to" */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listOptOuts: {
        parameters: {
            query?: {
                /** @description Phone number id of the sender; default: the first one configured */
                sender?: string;
                /** @description `nextCursor` of the previous page */
                cursor?: string;
                /** @description Approximate number of entries */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OptOuts"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    stopMarketing: {
        parameters: {
            query?: {
                /** @description Phone number id of the sender; default: the first one configured */
                sender?: string;
            };
            header?: never;
            path: {
                /** @description The recipient: a number written as in `to`, a business-scoped user id, or `group:<id>` */
                recipient: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["StopMarketing"];
            };
        };
        responses: {
            /** @description Recorded */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MarketingStopped"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid. `INVALID_RECIPIENT`: A recipient is 7 to 15 digits, with or without + - ( ) and spaces. `RECIPIENT_IS_USER_ID`: This is a business-scoped user id; WhatsApp drops it silently in "to" */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resumeMarketing: {
        parameters: {
            query?: {
                /** @description Phone number id of the sender; default: the first one configured */
                sender?: string;
            };
            header?: never;
            path: {
                /** @description The recipient: a number written as in `to`, a business-scoped user id, or `group:<id>` */
                recipient: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether there was an opt-out */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MarketingResumed"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid. `INVALID_RECIPIENT`: A recipient is 7 to 15 digits, with or without + - ( ) and spaces. `RECIPIENT_IS_USER_ID`: This is a business-scoped user id; WhatsApp drops it silently in "to" */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getStats: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The counts */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stats"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getQueueStats: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The counts */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueueStats"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getRetryWorker: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The retry worker of all nodes */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetryWorkerStatus"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    stopRetryWorker: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Stopped */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetryWorkerStatus"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    startRetryWorker: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Started */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetryWorkerStatus"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listSenders: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All senders */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Senders"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    pauseSender: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Phone number id of the sender */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Pause"];
            };
        };
        responses: {
            /** @description The sender, paused */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sender"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    resumeSender: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Phone number id of the sender */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sender, active */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sender"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    changeQuota: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Phone number id of the sender */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Quota"];
            };
        };
        responses: {
            /** @description The rules in force */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rules"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            /** @description `SENDER_UNKNOWN`: No such sender is configured */
            404: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            413: components["responses"]["TooLarge"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description Maximum number of entries */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The audit trail, newest first */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Audit"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getCaller: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The caller */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Caller"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
    getCode: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A code of WhatsApp, or of the gateway such as `HEADERS_TIMEOUT` */
                code: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The code */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Code"];
                };
            };
            /** @description `INVALID_REQUEST`: The request is not valid */
            400: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            500: components["responses"]["Internal"];
            503: components["responses"]["Unavailable"];
        };
    };
}
