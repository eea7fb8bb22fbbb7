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
         * Finds messages by recipient, key, WhatsApp's id or an entry of their metadata
         * @description At least one of `recipient`, `idempotencyKey`, `providerMessageId` and `tag`; given several, all have to fit. A `send` key finds its own messages only. What is older than `FIND_WITHIN_MS` is found by its idempotency key or not at all.
         *
         *     Roles: `send`, `read`, `admin`.
         */
        get: operations["findMessages"];
        put?: never;
        /**
         * Accepts a message: sends it at once, or queues it and tells for how long
         * @description Exactly one of `immediate`, `queued` and `duplicate` is true in every 2xx. After a 2xx the message ends as sent, failed, cancelled or expired, and `GET /messages/{id}` tells as which and why. After a time-out or a 5xx repeat the request with the same idempotency key: it can not be sent twice by that.
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
         * Tells a message's state and story
         * @description A `send` key sees its own messages only.
         *
         *     Roles: `send`, `read`, `admin`.
         */
        get: operations["getMessage"];
        put?: never;
        post?: never;
        /**
         * Takes a waiting message out
         * @description A `send` key cancels its own messages only. Those behind it move up.
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
         * Accepts up to 1,000 messages, one answer each in the same order
         * @description Never sends within the request, and is not atomic as a whole. Each row is answered as POST /messages with `Prefer: respond-async` would answer it, its status as `httpStatus`.
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
         * Finds messages of all senders, with what is looked for in the body
         * @description As GET /messages, for pages and programs behind a proxy that logs addresses: no telephone number stands in one.
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
         * Lists delivery failures with every attempt, an explanation and a remedy
         * @description PENDING by next retry, then FAILED and RESOLVED newest first. A narrow filter may give an empty page with a `nextCursor`: go on.
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
         * @description Oldest first. They pass the same gate as new messages: what has no free slot goes back to its line (`deferred`).
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
         * Retries one failure, due or not; reopens a FAILED one
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
         * Notes that somebody has seen a failure
         * @description Changes nothing about its retries.
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
         * Notes that somebody has seen all failures that fit and nobody has acknowledged
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
         * Tells a recipient's rule, who waits, and when a new message would go
         * @description Roles: `send`, `read`, `admin`.
         */
        get: operations["getRateLimit"];
        put?: never;
        post?: never;
        /**
         * Forgets a recipient's pace, so that what waits may go at once
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
         * Tells the same, with the recipient in the body
         * @description For pages and programs behind a proxy that logs addresses: no telephone number stands in one.
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
         * Erases what is held about a recipient, for all senders or one
         * @description Messages that wait are cancelled first, unknown outcomes given up; then results, failures, the look-up index and the pace are forgotten. That a message was, and how it ended, stays under its key for as long as the key is remembered, so that a repeat is not sent; it tells no recipient, content, metadata or WhatsApp's id. May be repeated at any time, and has to be after 202.
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
         * Lists the recipients that want no marketing from a sender
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
         * Notes that a recipient wants no marketing from a sender
         * @description Marketing that waits in the recipient's line is cancelled, what is scheduled or retried is cancelled when its moment comes, and new marketing is refused with RECIPIENT_OPTED_OUT. Everything else goes on. Marketing is what was posted with `category` `marketing`, or came by `/marketing_messages`.
         *
         *     Roles: `send`, `admin`.
         */
        put: operations["stopMarketing"];
        post?: never;
        /**
         * Notes that a recipient wants marketing from a sender again
         * @description Who stopped it in WhatsApp has to resume it there too; until then WhatsApp answers 131050, which opts the recipient out again.
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
         * Counts of throttling, delivery failures and queue, and of each sender
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
         * Counts of the queue in Bull's words
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
         * Tells whether the retry worker runs, and what it last did
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
         * Stops the retry worker on all nodes, until somebody starts it
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
         * Tells each sender's state, counts and rules
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
         * Closes a sender, for a time or until it is resumed
         * @description What waits keeps its place; nothing under way is called back.
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
         * Opens a sender, whoever or whatever closed it
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
         * @description What is left out stays. It governs from the next grant, on all nodes, until it is changed again or a start has new settings.
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
         * Tells who retried, cancelled, acknowledged, cleared, paused and changed what
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
         * Tells whose key this is and what it may do
         * @description Without API keys everybody is `anonymous`, an admin.
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
         * Tells what an error code means and what to do about it
         * @description By the policy in force. A code that nobody knows is answered too: where to look it up.
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
        /** @description An array of messages, or an object that holds it */
        Batch: unknown[] | {
            /** @description The messages, each as in POST /messages; a bad one does not hurt the others */
            messages: unknown[];
        };
        /** @description What to look for */
        FindMessages: {
            /** @description Whom it is for: a number, a business-scoped user id, or `group:<id>` */
            recipient?: string;
            /** @description What its caller called it */
            idempotencyKey?: string;
            /** @description What WhatsApp called it */
            providerMessageId?: string;
            /** @description An entry of the metadata as `key:value` */
            tag?: string;
            /** @description Phone number id of the sender; all senders if left out */
            sender?: string;
            /**
             * @description How many at most
             * @default 20
             */
            limit?: number;
        };
        /** @description A message to be sent; to one of `to`, `recipient` and `group` */
        PostMessage: {
            /** @description The recipient's number: 7 to 15 digits, + - ( ) and spaces allowed */
            to?: string;
            /** @description Instead of `to`: the recipient's business-scoped user id, such as `US.13491208655302741918` */
            recipient?: string;
            /** @description Instead of `to`: a group's id */
            group?: string;
            /** @description A text, or a Cloud API message object, passed on as it is */
            message: string | {
                [key: string]: unknown;
            };
            /** @description The Cloud API message type; `text` for a string */
            type?: string;
            /** @description Kept with the message and told with it; never sent. Entries can be searched for (`tag`) */
            metadata?: {
                [key: string]: unknown;
            };
            /** @description Your name for the message: a repeat within 24 h is a duplicate. The header `Idempotency-Key` wins. Without either a key is derived from recipient, content, type and `timestamp` */
            idempotencyKey?: string;
            /** @description Makes a derived key differ */
            timestamp?: string | number;
            /** @description false: without a key, none is derived */
            deduplicate?: boolean;
            /**
             * @description The lane of the line. `urgent`: before all others; `normal`: the default; `bulk`: after all others
             * @enum {string}
             */
            priority?: "urgent" | "normal" | "bulk";
            /**
             * @description What kind of message it is, in WhatsApp's words. `marketing`: refused and dropped where its recipient has opted out; `utility`: about something agreed on; `authentication`: a code; `service`: an answer to what the person wrote
             * @enum {string}
             */
            category?: "marketing" | "utility" | "authentication" | "service";
            /** @description Phone number id of the sender; the first one configured if left out */
            sender?: string;
            /**
             * @description What to do with a message that can not be sent at once. `wait`: it joins its line, the default; `reject`: it is refused with LIMITED
             * @enum {string}
             */
            whenLimited?: "wait" | "reject";
            /** @description How long it may wait before it is expired */
            expiresInMs?: number;
            /** @description ISO 8601, or ms since the epoch; a moment in the past is now */
            scheduledFor?: string | number;
            /**
             * @description What becomes of it if its outcome stays unknown. `retry`: it is sent again, perhaps twice in all; `fail`: it is given up, perhaps sent
             * @enum {string}
             */
            onUnknown?: "retry" | "fail";
        } & (unknown | unknown | unknown);
        /** @description A row of a batch that is accepted */
        AcceptedRow: {
            /** @description The status that the message alone would have had */
            httpStatus: number;
            /** @description Names the message in this gateway */
            id: string;
            /** @description The idempotency key, or the id where there is none */
            jobId: string;
            /** @description The key that counts */
            idempotencyKey: string | null;
            /**
             * @description Where the key came from. `header`: the header `Idempotency-Key`; `field`: the field `idempotencyKey`; `derived`: made from recipient, content, type and timestamp; `none`: it has none
             * @enum {string}
             */
            keySource: "header" | "field" | "derived" | "none";
            /**
             * @description Where the message stands. `scheduled`: waits for its moment; `queued`: waits for its turn; `sending`: is under way to WhatsApp; `sent`: WhatsApp has taken it; `delivered`: the recipient's phone has it; `read`: the recipient has seen it; `retrying`: was refused for a reason that passes and waits for its next attempt; `unknown`: was written to WhatsApp and never answered; held before it is decided on; `failed`: given up; `cancelled`: taken out by somebody; `expired`: its life was over before its turn
             * @enum {string}
             */
            status: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description It was sent within this request */
            immediate: boolean;
            /** @description It waits */
            queued: boolean;
            /** @description It repeats an earlier one: nothing is sent */
            duplicate: boolean;
            /** @description Stands here, and true, where the sandbox stands in for WhatsApp: nothing was really sent */
            sandbox?: boolean;
            /** @description How long it will wait at least; null where no end is known */
            delayMs?: number | null;
            /**
             * Format: date-time
             * @description The earliest moment at which it goes; null where no end is known
             */
            expectedAt?: string | null;
            /** @description Its place in the recipient's line, from 1 */
            position?: number;
            /**
             * @description What it waits for. `pair-rate`: the rate limit of its recipient; `sender-rate`: the rate limit of its sender; `turn-in-queue`: messages before it, or a free place in flight; `cool-down`: WhatsApp asked to slow down; `pause`: an operator paused the sender; `sender-stopped`: WhatsApp rejects the sender: token, permission, account or payment; `schedule`: its own `scheduledFor`; `retry`: the retry schedule
             * @enum {string|null}
             */
            waitingFor?: "pair-rate" | "sender-rate" | "turn-in-queue" | "cool-down" | "pause" | "sender-stopped" | "schedule" | "retry" | null;
            /** @description Why the last attempt was not taken */
            error?: components["schemas"]["DeliveryError"];
            /**
             * Format: date-time
             * @description When it is tried again, or decided on
             */
            nextRetryAt?: string | null;
        };
        /** @description The message is accepted and waits (`queued`) */
        Accepted: {
            /** @description Names the message in this gateway */
            id: string;
            /** @description The idempotency key, or the id where there is none */
            jobId: string;
            /** @description The key that counts */
            idempotencyKey: string | null;
            /**
             * @description Where the key came from. `header`: the header `Idempotency-Key`; `field`: the field `idempotencyKey`; `derived`: made from recipient, content, type and timestamp; `none`: it has none
             * @enum {string}
             */
            keySource: "header" | "field" | "derived" | "none";
            /**
             * @description Where the message stands. `scheduled`: waits for its moment; `queued`: waits for its turn; `sending`: is under way to WhatsApp; `sent`: WhatsApp has taken it; `delivered`: the recipient's phone has it; `read`: the recipient has seen it; `retrying`: was refused for a reason that passes and waits for its next attempt; `unknown`: was written to WhatsApp and never answered; held before it is decided on; `failed`: given up; `cancelled`: taken out by somebody; `expired`: its life was over before its turn
             * @enum {string}
             */
            status: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description It was sent within this request */
            immediate: boolean;
            /** @description It waits */
            queued: boolean;
            /** @description It repeats an earlier one: nothing is sent */
            duplicate: boolean;
            /** @description Stands here, and true, where the sandbox stands in for WhatsApp: nothing was really sent */
            sandbox?: boolean;
            /** @description How long it will wait at least; null where no end is known */
            delayMs?: number | null;
            /**
             * Format: date-time
             * @description The earliest moment at which it goes; null where no end is known
             */
            expectedAt?: string | null;
            /** @description Its place in the recipient's line, from 1 */
            position?: number;
            /**
             * @description What it waits for. `pair-rate`: the rate limit of its recipient; `sender-rate`: the rate limit of its sender; `turn-in-queue`: messages before it, or a free place in flight; `cool-down`: WhatsApp asked to slow down; `pause`: an operator paused the sender; `sender-stopped`: WhatsApp rejects the sender: token, permission, account or payment; `schedule`: its own `scheduledFor`; `retry`: the retry schedule
             * @enum {string|null}
             */
            waitingFor?: "pair-rate" | "sender-rate" | "turn-in-queue" | "cool-down" | "pause" | "sender-stopped" | "schedule" | "retry" | null;
            /** @description Why the last attempt was not taken */
            error?: components["schemas"]["DeliveryError"];
            /**
             * Format: date-time
             * @description When it is tried again, or decided on
             */
            nextRetryAt?: string | null;
        };
        /** @description Every 2xx of POST /messages; exactly one of `immediate`, `queued` and `duplicate` is true */
        Answer: components["schemas"]["Sent"] | components["schemas"]["Accepted"] | components["schemas"]["Duplicate"];
        /** @description One try at WhatsApp */
        Attempt: {
            /** @description Counted from 1 */
            attempt: number;
            /**
             * Format: date-time
             * @description When it was settled
             */
            at: string;
            /** @description From the start to the verdict */
            durationMs: number | null;
            /** @description What it came to: `sent`, `retryable`, `limited`, `rejected`, `sender-stopped`, `unsent` or `unknown` */
            outcome: string;
            /** @description The error's code */
            code: string | null;
            /** @description What was said */
            error: string | null;
        };
        /** @description Why an attempt was not taken */
        DeliveryError: {
            /** @description WhatsApp's error code, or a code of the gateway's own such as `TIMEOUT` */
            code: string;
            /** @description What WhatsApp, or the connection, said */
            message: string | null;
            /** @description What it means */
            explanation: string;
            /** @description What to do about it */
            remedy: string;
        };
        /** @description A row of a batch whose key is known */
        DuplicateRow: {
            /** @description The status that the message alone would have had */
            httpStatus: number;
            /** @description Names the message in this gateway */
            id: string;
            /** @description The idempotency key, or the id where there is none */
            jobId: string;
            /** @description The key that counts */
            idempotencyKey: string | null;
            /**
             * @description Where the key came from. `header`: the header `Idempotency-Key`; `field`: the field `idempotencyKey`; `derived`: made from recipient, content, type and timestamp; `none`: it has none
             * @enum {string}
             */
            keySource: "header" | "field" | "derived" | "none";
            /**
             * @description Where the message stands. `scheduled`: waits for its moment; `queued`: waits for its turn; `sending`: is under way to WhatsApp; `sent`: WhatsApp has taken it; `delivered`: the recipient's phone has it; `read`: the recipient has seen it; `retrying`: was refused for a reason that passes and waits for its next attempt; `unknown`: was written to WhatsApp and never answered; held before it is decided on; `failed`: given up; `cancelled`: taken out by somebody; `expired`: its life was over before its turn
             * @enum {string}
             */
            status: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description Phone number id of the sender */
            sender: string;
            /** @description The recipient as the caller wrote it: number, business-scoped user id or group; null once the message is settled */
            to: string | null;
            /** @description A text or a Cloud API message object; null once the message is settled and its content forgotten */
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
             * @description As the caller gave it, while the message is kept. `marketing`: refused and dropped where its recipient has opted out; `utility`: about something agreed on; `authentication`: a code; `service`: an answer to what the person wrote
             * @enum {string}
             */
            category?: "marketing" | "utility" | "authentication" | "service";
            /**
             * @description Why it was cancelled, where nobody asked for that. `opted-out`: it was marketing, and its recipient wants none
             * @enum {string}
             */
            cancelledFor?: "opted-out";
            /** @description The caller's own `biz_opaque_callback_data`, where the message came through the drop-in surface with one */
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
             * @description When it is dropped if it still waits
             */
            expiresAt: string | null;
            /** @description Attempts that count */
            attemptCount: number;
            /** @description WhatsApp's id of the message */
            providerMessageId: string | null;
            /** @description WhatsApp's id of the recipient, where it took it for another than the caller wrote */
            waId?: string;
            /**
             * Format: date-time
             * @description By a webhook
             */
            deliveredAt: string | null;
            /**
             * Format: date-time
             * @description By a webhook
             */
            readAt: string | null;
            /** @description A webhook told of a failure after the delivery */
            deliveryError?: components["schemas"]["DeliveryError"];
            /** @description How long it will wait at least; null where no end is known */
            delayMs?: number | null;
            /**
             * Format: date-time
             * @description The earliest moment at which it goes; null where no end is known
             */
            expectedAt?: string | null;
            /** @description Its place in the recipient's line, from 1 */
            position?: number;
            /**
             * @description What it waits for. `pair-rate`: the rate limit of its recipient; `sender-rate`: the rate limit of its sender; `turn-in-queue`: messages before it, or a free place in flight; `cool-down`: WhatsApp asked to slow down; `pause`: an operator paused the sender; `sender-stopped`: WhatsApp rejects the sender: token, permission, account or payment; `schedule`: its own `scheduledFor`; `retry`: the retry schedule
             * @enum {string|null}
             */
            waitingFor?: "pair-rate" | "sender-rate" | "turn-in-queue" | "cool-down" | "pause" | "sender-stopped" | "schedule" | "retry" | null;
            /**
             * Format: date-time
             * @description When it is tried again, or decided on
             */
            nextRetryAt?: string | null;
            /** @description Why the last attempt was not taken */
            error?: components["schemas"]["DeliveryError"];
            /**
             * Format: date-time
             * @description When somebody acknowledged its failure
             */
            acknowledgedAt?: string;
            /** @description The API key that did */
            acknowledgedBy?: string;
            /** @description What was noted with it */
            note?: string;
            /** @description Those that came to something else than sent at once, oldest first */
            attempts: components["schemas"]["Attempt"][];
            /** @description Stands here, and true, where the sandbox stands in for WhatsApp: nothing was really sent */
            sandbox?: boolean;
            /** @description It was sent within this request */
            immediate: boolean;
            /** @description It waits */
            queued: boolean;
            /** @description It repeats an earlier one: nothing is sent */
            duplicate: boolean;
        };
        /** @description The key is known: the first message's state, and nothing is sent (`duplicate`) */
        Duplicate: {
            /** @description Names the message in this gateway */
            id: string;
            /** @description The idempotency key, or the id where there is none */
            jobId: string;
            /** @description The key that counts */
            idempotencyKey: string | null;
            /**
             * @description Where the key came from. `header`: the header `Idempotency-Key`; `field`: the field `idempotencyKey`; `derived`: made from recipient, content, type and timestamp; `none`: it has none
             * @enum {string}
             */
            keySource: "header" | "field" | "derived" | "none";
            /**
             * @description Where the message stands. `scheduled`: waits for its moment; `queued`: waits for its turn; `sending`: is under way to WhatsApp; `sent`: WhatsApp has taken it; `delivered`: the recipient's phone has it; `read`: the recipient has seen it; `retrying`: was refused for a reason that passes and waits for its next attempt; `unknown`: was written to WhatsApp and never answered; held before it is decided on; `failed`: given up; `cancelled`: taken out by somebody; `expired`: its life was over before its turn
             * @enum {string}
             */
            status: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description Phone number id of the sender */
            sender: string;
            /** @description The recipient as the caller wrote it: number, business-scoped user id or group; null once the message is settled */
            to: string | null;
            /** @description A text or a Cloud API message object; null once the message is settled and its content forgotten */
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
             * @description As the caller gave it, while the message is kept. `marketing`: refused and dropped where its recipient has opted out; `utility`: about something agreed on; `authentication`: a code; `service`: an answer to what the person wrote
             * @enum {string}
             */
            category?: "marketing" | "utility" | "authentication" | "service";
            /**
             * @description Why it was cancelled, where nobody asked for that. `opted-out`: it was marketing, and its recipient wants none
             * @enum {string}
             */
            cancelledFor?: "opted-out";
            /** @description The caller's own `biz_opaque_callback_data`, where the message came through the drop-in surface with one */
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
             * @description When it is dropped if it still waits
             */
            expiresAt: string | null;
            /** @description Attempts that count */
            attemptCount: number;
            /** @description WhatsApp's id of the message */
            providerMessageId: string | null;
            /** @description WhatsApp's id of the recipient, where it took it for another than the caller wrote */
            waId?: string;
            /**
             * Format: date-time
             * @description By a webhook
             */
            deliveredAt: string | null;
            /**
             * Format: date-time
             * @description By a webhook
             */
            readAt: string | null;
            /** @description A webhook told of a failure after the delivery */
            deliveryError?: components["schemas"]["DeliveryError"];
            /** @description How long it will wait at least; null where no end is known */
            delayMs?: number | null;
            /**
             * Format: date-time
             * @description The earliest moment at which it goes; null where no end is known
             */
            expectedAt?: string | null;
            /** @description Its place in the recipient's line, from 1 */
            position?: number;
            /**
             * @description What it waits for. `pair-rate`: the rate limit of its recipient; `sender-rate`: the rate limit of its sender; `turn-in-queue`: messages before it, or a free place in flight; `cool-down`: WhatsApp asked to slow down; `pause`: an operator paused the sender; `sender-stopped`: WhatsApp rejects the sender: token, permission, account or payment; `schedule`: its own `scheduledFor`; `retry`: the retry schedule
             * @enum {string|null}
             */
            waitingFor?: "pair-rate" | "sender-rate" | "turn-in-queue" | "cool-down" | "pause" | "sender-stopped" | "schedule" | "retry" | null;
            /**
             * Format: date-time
             * @description When it is tried again, or decided on
             */
            nextRetryAt?: string | null;
            /** @description Why the last attempt was not taken */
            error?: components["schemas"]["DeliveryError"];
            /**
             * Format: date-time
             * @description When somebody acknowledged its failure
             */
            acknowledgedAt?: string;
            /** @description The API key that did */
            acknowledgedBy?: string;
            /** @description What was noted with it */
            note?: string;
            /** @description Those that came to something else than sent at once, oldest first */
            attempts: components["schemas"]["Attempt"][];
            /** @description Stands here, and true, where the sandbox stands in for WhatsApp: nothing was really sent */
            sandbox?: boolean;
            /** @description It was sent within this request */
            immediate: boolean;
            /** @description It waits */
            queued: boolean;
            /** @description It repeats an earlier one: nothing is sent */
            duplicate: boolean;
        };
        /** @description A message with its state and its story */
        Message: {
            /** @description Names the message in this gateway */
            id: string;
            /** @description The idempotency key, or the id where there is none; null once the message is settled, unless it was asked for by its key */
            jobId: string | null;
            /** @description The key that counts; null once the message is settled, unless it was asked for by its key */
            idempotencyKey: string | null;
            /**
             * @description Where the key came from. `header`: the header `Idempotency-Key`; `field`: the field `idempotencyKey`; `derived`: made from recipient, content, type and timestamp; `none`: it has none
             * @enum {string|null}
             */
            keySource: "header" | "field" | "derived" | "none" | null;
            /**
             * @description Where the message stands. `scheduled`: waits for its moment; `queued`: waits for its turn; `sending`: is under way to WhatsApp; `sent`: WhatsApp has taken it; `delivered`: the recipient's phone has it; `read`: the recipient has seen it; `retrying`: was refused for a reason that passes and waits for its next attempt; `unknown`: was written to WhatsApp and never answered; held before it is decided on; `failed`: given up; `cancelled`: taken out by somebody; `expired`: its life was over before its turn
             * @enum {string}
             */
            status: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description Phone number id of the sender */
            sender: string;
            /** @description The recipient as the caller wrote it: number, business-scoped user id or group; null once the message is settled */
            to: string | null;
            /** @description A text or a Cloud API message object; null once the message is settled and its content forgotten */
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
             * @description As the caller gave it, while the message is kept. `marketing`: refused and dropped where its recipient has opted out; `utility`: about something agreed on; `authentication`: a code; `service`: an answer to what the person wrote
             * @enum {string}
             */
            category?: "marketing" | "utility" | "authentication" | "service";
            /**
             * @description Why it was cancelled, where nobody asked for that. `opted-out`: it was marketing, and its recipient wants none
             * @enum {string}
             */
            cancelledFor?: "opted-out";
            /** @description The caller's own `biz_opaque_callback_data`, where the message came through the drop-in surface with one */
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
             * @description When it is dropped if it still waits
             */
            expiresAt: string | null;
            /** @description Attempts that count */
            attemptCount: number;
            /** @description WhatsApp's id of the message */
            providerMessageId: string | null;
            /** @description WhatsApp's id of the recipient, where it took it for another than the caller wrote */
            waId?: string;
            /**
             * Format: date-time
             * @description By a webhook
             */
            deliveredAt: string | null;
            /**
             * Format: date-time
             * @description By a webhook
             */
            readAt: string | null;
            /** @description A webhook told of a failure after the delivery */
            deliveryError?: components["schemas"]["DeliveryError"];
            /** @description How long it will wait at least; null where no end is known */
            delayMs?: number | null;
            /**
             * Format: date-time
             * @description The earliest moment at which it goes; null where no end is known
             */
            expectedAt?: string | null;
            /** @description Its place in the recipient's line, from 1 */
            position?: number;
            /**
             * @description What it waits for. `pair-rate`: the rate limit of its recipient; `sender-rate`: the rate limit of its sender; `turn-in-queue`: messages before it, or a free place in flight; `cool-down`: WhatsApp asked to slow down; `pause`: an operator paused the sender; `sender-stopped`: WhatsApp rejects the sender: token, permission, account or payment; `schedule`: its own `scheduledFor`; `retry`: the retry schedule
             * @enum {string|null}
             */
            waitingFor?: "pair-rate" | "sender-rate" | "turn-in-queue" | "cool-down" | "pause" | "sender-stopped" | "schedule" | "retry" | null;
            /**
             * Format: date-time
             * @description When it is tried again, or decided on
             */
            nextRetryAt?: string | null;
            /** @description Why the last attempt was not taken */
            error?: components["schemas"]["DeliveryError"];
            /**
             * Format: date-time
             * @description When somebody acknowledged its failure
             */
            acknowledgedAt?: string;
            /** @description The API key that did */
            acknowledgedBy?: string;
            /** @description What was noted with it */
            note?: string;
            /** @description Those that came to something else than sent at once, oldest first */
            attempts: components["schemas"]["Attempt"][];
            /** @description Stands here, and true, where the sandbox stands in for WhatsApp: nothing was really sent */
            sandbox?: boolean;
        };
        /** @description What was found */
        Messages: {
            /** @description Newest first */
            messages: components["schemas"]["Message"][];
        };
        /** @description The message was sent within the request (`immediate`) */
        Sent: {
            /** @description Names the message in this gateway */
            id: string;
            /** @description The idempotency key, or the id where there is none */
            jobId: string;
            /** @description The key that counts */
            idempotencyKey: string | null;
            /**
             * @description Where the key came from. `header`: the header `Idempotency-Key`; `field`: the field `idempotencyKey`; `derived`: made from recipient, content, type and timestamp; `none`: it has none
             * @enum {string}
             */
            keySource: "header" | "field" | "derived" | "none";
            /**
             * @description Where the message stands. `scheduled`: waits for its moment; `queued`: waits for its turn; `sending`: is under way to WhatsApp; `sent`: WhatsApp has taken it; `delivered`: the recipient's phone has it; `read`: the recipient has seen it; `retrying`: was refused for a reason that passes and waits for its next attempt; `unknown`: was written to WhatsApp and never answered; held before it is decided on; `failed`: given up; `cancelled`: taken out by somebody; `expired`: its life was over before its turn
             * @enum {string}
             */
            status: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description It was sent within this request */
            immediate: boolean;
            /** @description It waits */
            queued: boolean;
            /** @description It repeats an earlier one: nothing is sent */
            duplicate: boolean;
            /** @description Stands here, and true, where the sandbox stands in for WhatsApp: nothing was really sent */
            sandbox?: boolean;
            /** @description WhatsApp's id of the message */
            providerMessageId: string | null;
            /** @description WhatsApp's id of the recipient, where it took it for another than the caller wrote */
            waId?: string;
            /** @description WhatsApp's own word on it, where it said one: `accepted`, or `held_for_quality_assessment` for a template that is paced */
            messageStatus?: string;
        };
        /** @description The message */
        GraphAccepted: {
            /** @description WhatsApp's id of the message once it has one, else the gateway's */
            id: string;
            /** @description `accepted`, or what WhatsApp said */
            message_status?: string;
            /** @description The group */
            group_id?: string;
            /** @description Stands here while WhatsApp does not have it */
            sluice?: components["schemas"]["GraphWait"];
        };
        /** @description A message is sent, or accepted */
        GraphAnswer: {
            /** @description `whatsapp` */
            messaging_product: string;
            /** @description One */
            contacts: components["schemas"]["GraphContact"][];
            /** @description One */
            messages: components["schemas"]["GraphAccepted"][];
        };
        /** @description The recipient */
        GraphContact: {
            /** @description As it was written */
            input: string;
            /** @description WhatsApp's id of the recipient; what was written until WhatsApp says otherwise */
            wa_id?: string;
            /** @description The same, where it is addressed by its user id */
            user_id?: string;
        };
        /** @description Why it was not done */
        GraphError: {
            /** @description As the Graph API has it */
            error: {
                /** @description `(#code)` and a sentence */
                message: string;
                /** @description `OAuthException` */
                type: string;
                /** @description The code of Meta's that says it best; where WhatsApp refused, its own */
                code: number;
                /** @description 33 beside 100: no such phone number id */
                error_subcode?: number;
                /** @description A repeat after `Retry-After` makes sense */
                is_transient?: boolean;
                /** @description More of it */
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
        /** @description A body of WhatsApp's Cloud API. Without a recipient (mark as read, typing) it is passed on at once */
        GraphMessage: {
            /**
             * @description Always the same
             * @constant
             */
            messaging_product?: "whatsapp";
            /** @description `group`: `to` is a group's id */
            recipient_type?: "individual" | "group" | null;
            /** @description The recipient: a number, or a group's id. Wins over `recipient` */
            to?: string | number | null;
            /** @description The recipient's business-scoped user id */
            recipient?: string | number | null;
            /** @description Names the member that holds the message, such as `text` */
            type?: string | null;
            /** @description Your own note on the message: kept here and told with it. WhatsApp gets the gateway's in its place */
            biz_opaque_callback_data?: string | null;
            /** @description Not passed on: a key of this gateway is not for WhatsApp */
            access_token?: unknown;
        } & {
            [key: string]: unknown;
        };
        /** @description WhatsApp's own answer to what is no message */
        GraphPassed: {
            /** @description WhatsApp has done it */
            success: boolean;
        };
        /** @description The gateway's own word on a message that is not sent yet */
        GraphWait: {
            /**
             * @description Where the message stands. `scheduled`: waits for its moment; `queued`: waits for its turn; `sending`: is under way to WhatsApp; `sent`: WhatsApp has taken it; `delivered`: the recipient's phone has it; `read`: the recipient has seen it; `retrying`: was refused for a reason that passes and waits for its next attempt; `unknown`: was written to WhatsApp and never answered; held before it is decided on; `failed`: given up; `cancelled`: taken out by somebody; `expired`: its life was over before its turn
             * @enum {string}
             */
            status: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description How long it will wait at least; null where no end is known */
            delay_ms?: number | null;
            /**
             * Format: date-time
             * @description The earliest moment at which it goes; null where no end is known
             */
            expected_at?: string | null;
            /** @description Its place in the recipient's line, from 1 */
            position?: number;
            /**
             * @description What it waits for. `pair-rate`: the rate limit of its recipient; `sender-rate`: the rate limit of its sender; `turn-in-queue`: messages before it, or a free place in flight; `cool-down`: WhatsApp asked to slow down; `pause`: an operator paused the sender; `sender-stopped`: WhatsApp rejects the sender: token, permission, account or payment; `schedule`: its own `scheduledFor`; `retry`: the retry schedule
             * @enum {string|null}
             */
            waiting_for?: "pair-rate" | "sender-rate" | "turn-in-queue" | "cool-down" | "pause" | "sender-stopped" | "schedule" | "retry" | null;
            /**
             * Format: date-time
             * @description When it is tried again, or decided on
             */
            next_retry_at?: string | null;
        };
        /** @description Which failures somebody has seen */
        AcknowledgeAll: {
            /**
             * @description Only those that stand so. `PENDING`: waits for its next retry; `FAILED`: given up
             * @default FAILED
             * @enum {string}
             */
            status?: "PENDING" | "FAILED";
            /** @description Phone number id of the sender; the first one configured if left out */
            sender?: string;
            /** @description Only those of this recipient: a number, a business-scoped user id, or `group:<id>` */
            recipient?: string;
            /** @description Only the one of this key */
            idempotencyKey?: string;
            /**
             * @description How many at most
             * @default 1000
             */
            limit?: number;
            /** @description Kept in its story */
            note?: string;
        };
        /** @description What to note with a failure that somebody has seen */
        Acknowledge: {
            /** @description Kept in its story */
            note?: string;
        };
        /** @description How many failures somebody has seen */
        AcknowledgedAll: {
            /** @description How many were acknowledged by this */
            acknowledged: number;
            /** @description There may be others: repeat */
            more: boolean;
        };
        /** @description A failure that somebody has seen */
        Acknowledged: {
            /** @description Id of the failed message */
            id: string;
            /** @description The API key that did */
            acknowledgedBy: string;
        };
        /** @description A message that was not taken */
        Failure: {
            /** @description Id of the message */
            id: string;
            /** @description The recipient as the caller wrote it */
            phoneNumber: string;
            /** @description A text, or a Cloud API message object */
            message: string | {
                [key: string]: unknown;
            };
            /** @description The message's key */
            idempotencyKey: string | null;
            /** @description What the last error said */
            errorMessage: string | null;
            /** @description The last error's code */
            errorCode: string | null;
            /** @description Attempts so far */
            attemptCount: number;
            /**
             * @description How it stands. `PENDING`: waits for its next retry; `RESOLVED`: a retry succeeded; `FAILED`: given up
             * @enum {string}
             */
            status: "PENDING" | "RESOLVED" | "FAILED";
            /** @description As the caller gave it */
            metadata: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: date-time
             * @description When it is tried again; null unless PENDING
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
             * @description When something last happened to it
             */
            updatedAt: string;
            /**
             * @description Why it was given up; null unless FAILED. `rejected`: WhatsApp will never take it; `exhausted`: every retry was used up; `expired`: its life was over; `unknown`: its outcome stayed unknown; `cancelled`: somebody took it out
             * @enum {string|null}
             */
            reason: "rejected" | "exhausted" | "expired" | "unknown" | "cancelled" | null;
            /** @description What the last error means */
            explanation: string | null;
            /** @description What to do about it */
            remedy: string | null;
            /**
             * Format: date-time
             * @description Before this moment another try makes no sense
             */
            retryNotBefore: string | null;
            /**
             * Format: date-time
             * @description When somebody acknowledged it
             */
            acknowledgedAt: string | null;
            /** @description The API key that did */
            acknowledgedBy: string | null;
            /** @description Oldest first */
            attempts: components["schemas"]["Attempt"][];
        };
        /** @description A page of failures */
        Failures: {
            /** @description PENDING by next retry, then FAILED and RESOLVED newest first */
            failures: components["schemas"]["Failure"][];
            /** @description For `cursor` of the next page; null at the end */
            nextCursor: string | null;
        };
        /** @description What became of the failures of one run; the four are disjoint and sum to `total` */
        RetryCounts: {
            /** @description Failures taken up */
            total: number;
            /** @description Sent */
            succeeded: number;
            /** @description Refused again, or unknown: a later retry follows */
            failed: number;
            /** @description Given up */
            permanentlyFailed: number;
            /** @description Back in line, since their slot was not free */
            deferred: number;
        };
        /** @description Which failures to retry now */
        RetryFailures: {
            /**
             * @description How many at most
             * @default 10
             */
            limit?: number;
            /**
             * @description Also failures whose retry is not yet due
             * @default false
             */
            force?: boolean;
            /** @description Phone number id of the sender; the first one configured if left out */
            sender?: string;
        };
        /** @description A pace that was forgotten */
        RateLimitCleared: {
            /** @description As asked for */
            recipient: string;
            /** @description Phone number id of the sender */
            sender: string;
            /** @description There was a pace to forget */
            cleared: boolean;
        };
        /** @description What was erased */
        Erased: {
            /** @description Nothing is left; if not, repeat once what remains has ended */
            complete: boolean;
            /** @description What there was */
            erased: {
                /** @description Messages that waited, were tried again or had an unknown outcome, and were taken out */
                waiting: number;
                /** @description Results of settled messages */
                results: number;
                /** @description Failures that were kept */
                failures: number;
            };
            /** @description Ids of messages that are under way, and end by themselves */
            remaining: string[];
        };
        /** @description Whose pace */
        FindRateLimit: {
            /** @description The recipient: a number written as in `to`, a business-scoped user id, or `group:<id>` */
            recipient: string;
            /** @description Phone number id of the sender; the first one configured if left out */
            sender?: string;
            /**
             * @description The lane that a new message would join. `urgent`: before all others; `normal`: the default; `bulk`: after all others
             * @default normal
             * @enum {string}
             */
            priority?: "urgent" | "normal" | "bulk";
        };
        /** @description One recipient's pace with one sender */
        RateLimit: {
            /** @description As asked for */
            recipient: string;
            /** @description Phone number id of the sender */
            sender: string;
            /** @description What is allowed */
            rule: {
                /** @description Least time between two messages */
                intervalMs: number;
                /** @description Messages that a rested recipient may get one right after the other */
                burst: number;
            };
            /** @description What a message posted now would wait; null where no end is known */
            delayMs: number | null;
            /**
             * Format: date-time
             * @description When it would go
             */
            nextSlotAt: string | null;
            /**
             * @description What it would wait for. `pair-rate`: the rate limit of its recipient; `sender-rate`: the rate limit of its sender; `turn-in-queue`: messages before it, or a free place in flight; `cool-down`: WhatsApp asked to slow down; `pause`: an operator paused the sender; `sender-stopped`: WhatsApp rejects the sender: token, permission, account or payment; `schedule`: its own `scheduledFor`; `retry`: the retry schedule
             * @enum {string}
             */
            waitingFor: "pair-rate" | "sender-rate" | "turn-in-queue" | "cool-down" | "pause" | "sender-stopped" | "schedule" | "retry";
            /** @description Messages in the recipient's line */
            waiting: {
                /** @description In the urgent lane */
                urgent: number;
                /** @description In the normal lane */
                normal: number;
                /** @description In the bulk lane */
                bulk: number;
            };
            /** @description One is under way now */
            sending: boolean;
            /** @description The pace binds now */
            limited: boolean;
        };
        /** @description A recipient that wants no marketing from a sender */
        OptOut: {
            /** @description A number in digits, a business-scoped user id, or `group:<id>`; all spellings of a number are one */
            recipient: string;
            /** @description Phone number id of the sender */
            sender: string;
            /**
             * Format: date-time
             * @description When it was said first
             */
            since: string;
            /** @description `whatsapp`, or the API key that said so */
            by: string;
            /** @description Why: an error code of WhatsApp's, `user_preferences`, or what the caller gave */
            reason: string;
        };
        /** @description A page of opt-outs */
        OptOuts: {
            /** @description In no order */
            optOuts: components["schemas"]["OptOut"][];
            /** @description For the next page; null at the end. A page may be empty before it */
            nextCursor: string | null;
        };
        /** @description An opt-out that is gone */
        MarketingResumed: {
            /** @description A number in digits, a business-scoped user id, or `group:<id>`; all spellings of a number are one */
            recipient: string;
            /** @description Phone number id of the sender */
            sender: string;
            /** @description There was an opt-out to take away */
            wasOut: boolean;
        };
        /** @description That a recipient wants no marketing */
        StopMarketing: {
            /**
             * @description Why, for people to read
             * @default asked for
             */
            reason?: string;
        };
        /** @description An opt-out that is noted */
        MarketingStopped: {
            /** @description A number in digits, a business-scoped user id, or `group:<id>`; all spellings of a number are one */
            recipient: string;
            /** @description Phone number id of the sender */
            sender: string;
            /**
             * Format: date-time
             * @description When it was said first
             */
            since: string;
            /** @description It had been noted before */
            wasOut: boolean;
            /** @description Marketing messages that waited in line and were cancelled */
            dropped: number;
        };
        /** @description Delivery failures by status */
        FailureCounts: {
            /** @description Wait for a retry */
            pending: number;
            /** @description Sent by a retry */
            resolved: number;
            /** @description Given up */
            failed: number;
        };
        /** @description How long to pause */
        Pause: {
            /** @description How long; without it until somebody resumes */
            forMs?: number;
        };
        /** @description What to change of a sender's rules; what is left out stays */
        Quota: {
            /** @description Least time between two messages to one recipient */
            pairIntervalMs?: number;
            /** @description Messages that a rested recipient may get one right after the other */
            pairBurst?: number;
            /** @description Most messages in any second */
            perSecond?: number;
            /** @description Sends under way at once, over all nodes */
            maxInFlight?: number;
        };
        /** @description What the throttle keeps to */
        Rules: {
            /** @description Least time between two messages to one recipient */
            pairIntervalMs: number;
            /** @description Messages that a rested recipient may get one right after the other */
            pairBurst: number;
            /** @description Most messages in any second */
            perSecond: number;
            /** @description Sends under way at once, over all nodes */
            maxInFlight: number;
            /** @description Grows with each change */
            version: number;
        };
        /** @description A sending number with its counts and rules */
        Sender: {
            /** @description Phone number id */
            id: string;
            /**
             * @description Whether it sends. `active`: sends; `paused`: an operator paused it; `stopped`: WhatsApp refuses all it sends
             * @enum {string}
             */
            state: "active" | "paused" | "stopped";
            /** @description Who paused it, or the code that stopped it */
            reason: string | null;
            /**
             * Format: date-time
             * @description When it opens by itself, or is tried again; null where no end is known
             */
            resumesAt: string | null;
            /** @description Its rules */
            rules: components["schemas"]["Rules"];
            /** @description Messages in line */
            queued: number;
            /** @description Those of them whose turn has come */
            due: number;
            /** @description Under way to WhatsApp */
            inFlight: number;
            /** @description Wait for their moment */
            scheduled: number;
            /** @description Held with an unknown outcome */
            unknown: number;
            /** @description Its delivery failures */
            failures: components["schemas"]["FailureCounts"];
            /** @description Sent in the last 24 h */
            sentLast24h: number;
            /** @description Recipients whose pace binds now */
            activeRateLimits: number;
            /** @description Accepted and not ended */
            unsettled: number;
            /** @description How long the longest due message has waited beyond its turn */
            oldestDueSeconds: number;
            /** @description A worker drains it now */
            hasWorker: boolean;
        };
        /** @description The sending numbers */
        Senders: {
            /** @description All that are configured */
            senders: components["schemas"]["Sender"][];
        };
        /** @description The messages in Bull's words; each is counted in one place */
        QueueCounts: {
            /** @description In line of an open sender, their turn come */
            waiting: number;
            /** @description Under way to WhatsApp */
            active: number;
            /** @description In line with a later turn, or waiting for a retry or their moment */
            delayed: number;
            /** @description Sent in the last 24 h */
            completed: number;
            /** @description Given up */
            failed: number;
            /** @description In line of a sender that is paused or stopped */
            paused: number;
        };
        /** @description The queue in Bull's words */
        QueueStats: {
            /**
             * @description Name of the queue
             * @constant
             */
            queue: "WHATSAPP";
            /** @description In line of an open sender, their turn come */
            waiting: number;
            /** @description Under way to WhatsApp */
            active: number;
            /** @description In line with a later turn, or waiting for a retry or their moment */
            delayed: number;
            /** @description Sent in the last 24 h */
            completed: number;
            /** @description Given up */
            failed: number;
            /** @description In line of a sender that is paused or stopped */
            paused: number;
        };
        /** @description The counts of the whole gateway */
        Stats: {
            /** @description The throttle */
            throttling: {
                /** @description Recipients whose pace binds now */
                activeRateLimits: number;
            };
            /** @description Delivery failures of all senders */
            deliveryFailures: components["schemas"]["FailureCounts"];
            /** @description The queue of all senders */
            queue: components["schemas"]["QueueCounts"];
            /** @description Each sender */
            senders: components["schemas"]["Sender"][];
            /** @description Stands here, and true, where the sandbox stands in for WhatsApp: nothing was really sent */
            sandbox?: boolean;
        };
        /** @description The retry worker of all nodes */
        RetryWorkerStatus: {
            /** @description It is not stopped, and a node has been there to run it when it was time */
            isRunning: boolean;
            /** @description How often it looks for due failures */
            intervalMs: number;
            /**
             * Format: date-time
             * @description When it last ran
             */
            lastRunAt: string | null;
            /** @description What its last run did */
            lastResult: components["schemas"]["RetryCounts"] | null;
            /**
             * Format: date-time
             * @description When it runs next; null while it does not run
             */
            nextRunAt: string | null;
            /** @description The API key that stopped it */
            stoppedBy: string | null;
        };
        /** @description One action of an operator */
        AuditEntry: {
            /**
             * Format: date-time
             * @description When
             */
            at: string;
            /** @description The API key */
            by: string;
            /**
             * @description What. `cancel`: took a message out; `retry`: retried failures; `acknowledge`: acknowledged failures; `clear`: had a recipient's pace forgotten; `erase`: erased what was held about a recipient; `pause`: paused a sender; `resume`: opened a sender; `quota`: changed a sender's rules; `opt-out`: noted that a recipient wants no marketing; `opt-in`: noted that a recipient wants marketing again; `stop-retries`: stopped the retry worker; `start-retries`: started the retry worker
             * @enum {string}
             */
            action: "cancel" | "retry" | "acknowledge" | "clear" | "erase" | "pause" | "resume" | "quota" | "opt-out" | "opt-in" | "stop-retries" | "start-retries";
            /** @description The sender; `*` for all */
            sender: string;
            /** @description What it was done to; never a recipient in full */
            subject: string;
            /** @description How */
            detail?: string;
        };
        /** @description The audit trail */
        Audit: {
            /** @description Newest first */
            entries: components["schemas"]["AuditEntry"][];
        };
        /** @description Who asks */
        Caller: {
            /** @description The key's name */
            name: string;
            /**
             * @description What it may do. `send`: posts, and reads and cancels its own messages; `read`: reads everything; `admin`: does everything
             * @enum {string}
             */
            role: "send" | "read" | "admin";
            /** @description Stands here, and true, where the sandbox stands in for WhatsApp: nothing was really sent */
            sandbox?: boolean;
        };
        /** @description An error code in plain words */
        Code: {
            /** @description As asked for */
            code: string;
            /** @description What it is called */
            title: string;
            /** @description What it means */
            explanation: string;
            /** @description What to do about it */
            remedy: string;
        };
        /** @description What became of each message of a batch */
        BatchAnswers: {
            /** @description One for each message, in the same order */
            results: (components["schemas"]["AcceptedRow"] | components["schemas"]["DuplicateRow"] | components["schemas"]["ProblemRow"])[];
        };
        /** @description A node that is well */
        Health: {
            /**
             * @description The node is well
             * @constant
             */
            status: "ok";
        };
        /** @description A row of a batch that is not accepted */
        ProblemRow: {
            /** @description The status that the message alone would have had */
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
            /** @description The field, parameter or header at fault */
            field?: string;
            /** @description IDEMPOTENCY_KEY_REUSED, PROVIDER_REJECTED: the message that the key belongs to */
            id?: string;
            /** @description PROVIDER_REJECTED: why */
            error?: components["schemas"]["DeliveryError"];
            /**
             * @description NOT_CANCELLABLE, NOT_SENT_YET: where the message stands. `scheduled`: waits for its moment; `queued`: waits for its turn; `sending`: is under way to WhatsApp; `sent`: WhatsApp has taken it; `delivered`: the recipient's phone has it; `read`: the recipient has seen it; `retrying`: was refused for a reason that passes and waits for its next attempt; `unknown`: was written to WhatsApp and never answered; held before it is decided on; `failed`: given up; `cancelled`: taken out by somebody; `expired`: its life was over before its turn
             * @enum {string}
             */
            messageStatus?: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description LIMITED, WOULD_EXPIRE, RECIPIENT_QUEUE_FULL, BACKLOG_FULL: the wait there would have been; null where no end is known */
            waitMs?: number | null;
            /** @description When a repeat makes sense, as `Retry-After` tells it */
            retryAfterMs?: number;
        };
        /** @description Why a request was not done */
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
            /** @description The field, parameter or header at fault */
            field?: string;
            /** @description IDEMPOTENCY_KEY_REUSED, PROVIDER_REJECTED: the message that the key belongs to */
            id?: string;
            /** @description PROVIDER_REJECTED: why */
            error?: components["schemas"]["DeliveryError"];
            /**
             * @description NOT_CANCELLABLE, NOT_SENT_YET: where the message stands. `scheduled`: waits for its moment; `queued`: waits for its turn; `sending`: is under way to WhatsApp; `sent`: WhatsApp has taken it; `delivered`: the recipient's phone has it; `read`: the recipient has seen it; `retrying`: was refused for a reason that passes and waits for its next attempt; `unknown`: was written to WhatsApp and never answered; held before it is decided on; `failed`: given up; `cancelled`: taken out by somebody; `expired`: its life was over before its turn
             * @enum {string}
             */
            messageStatus?: "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read" | "retrying" | "unknown" | "failed" | "cancelled" | "expired";
            /** @description LIMITED, WOULD_EXPIRE, RECIPIENT_QUEUE_FULL, BACKLOG_FULL: the wait there would have been; null where no end is known */
            waitMs?: number | null;
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
                /** @description Whole seconds after which a repeat makes sense; a minute where no end is known */
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
        /** @description The request's own `X-Request-Id` where it is 1 to 64 letters, digits and `_ . : -`, else a new one; the log has it too */
        "X-Request-Id": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    findMessages: {
        parameters: {
            query?: {
                /** @description Whom it is for: a number, a business-scoped user id, or `group:<id>` */
                recipient?: string;
                /** @description What its caller called it */
                idempotencyKey?: string;
                /** @description What WhatsApp called it */
                providerMessageId?: string;
                /** @description An entry of the metadata as `key:value` */
                tag?: string;
                /** @description Phone number id of the sender; the first one configured if left out */
                sender?: string;
                /** @description How many at most */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was found, newest first */
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
                /** @description Your name for the message; wins over the field `idempotencyKey`. In a batch, row n without a key of its own gets `<header>#<n>` */
                "Idempotency-Key"?: string;
                /** @description `respond-async`: never send within the request, so the answer comes at once */
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
            /** @description Sent within the request, or a duplicate of which nothing is sent */
            200: {
                headers: {
                    /** @description `true`: the key is known, and this tells of its first message */
                    "Idempotent-Replayed"?: string;
                    /** @description The pair's state, as the IETF draft has it: `"pair";r=<messages left>;t=<seconds until the next slot>` */
                    RateLimit?: string;
                    /** @description The pair's rule: `"pair";q=<messages>;w=<seconds>` */
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
                    /** @description The pair's state, as the IETF draft has it: `"pair";r=<messages left>;t=<seconds until the next slot>` */
                    RateLimit?: string;
                    /** @description The pair's rule: `"pair";q=<messages>;w=<seconds>` */
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
                    /** @description The pair's state, as the IETF draft has it: `"pair";r=<messages left>;t=<seconds until the next slot>` */
                    RateLimit?: string;
                    /** @description The pair's rule: `"pair";q=<messages>;w=<seconds>` */
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
                    /** @description Whole seconds after which a repeat makes sense; a minute where no end is known */
                    "Retry-After"?: string;
                    /** @description The pair's state, as the IETF draft has it: `"pair";r=<messages left>;t=<seconds until the next slot>` */
                    RateLimit?: string;
                    /** @description The pair's rule: `"pair";q=<messages>;w=<seconds>` */
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
                /** @description Phone number id of the sender; the first one configured if left out */
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
                /** @description Phone number id of the sender; the first one configured if left out */
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
            /** @description The message as it is now */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["X-Request-Id"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Message"];
                };
            };
            /** @description Cancelled; nothing more is known of it */
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
                /** @description Your name for the message; wins over the field `idempotencyKey`. In a batch, row n without a key of its own gets `<header>#<n>` */
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
            /** @description One answer for each row */
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
            /** @description What was found, newest first */
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
                /** @description Only those that stand so. `PENDING`: waits for its next retry; `RESOLVED`: a retry succeeded; `FAILED`: given up */
                status?: "PENDING" | "RESOLVED" | "FAILED";
                /** @description Only PENDING ones whose retry is due */
                due?: boolean;
                /** @description Phone number id of the sender; the first one configured if left out */
                sender?: string;
                /** @description Only those of this recipient: a number, a business-scoped user id, or `group:<id>` */
                recipient?: string;
                /** @description Only the one of this key */
                idempotencyKey?: string;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description How many at most */
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
            /** @description What became of them */
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
            /** @description What became of it */
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
            /** @description How many */
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
                /** @description Phone number id of the sender; the first one configured if left out */
                sender?: string;
                /** @description The lane that a new message would join. `urgent`: before all others; `normal`: the default; `bulk`: after all others */
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
            /** @description The recipient's pace */
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
                /** @description Phone number id of the sender; the first one configured if left out */
                sender?: string;
                /** @description The lane that a new message would join. `urgent`: before all others; `normal`: the default; `bulk`: after all others */
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
            /** @description The recipient's pace */
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
                /** @description Phone number id of the sender, served now or formerly; all senders if left out */
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
            /** @description Messages that are under way remain: repeat when they have ended */
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
                /** @description Phone number id of the sender; the first one configured if left out */
                sender?: string;
                /** @description `nextCursor` of the page before */
                cursor?: string;
                /** @description How many, about */
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
                /** @description Phone number id of the sender; the first one configured if left out */
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
            /** @description Noted */
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
                /** @description Phone number id of the sender; the first one configured if left out */
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
            /** @description The sender, open */
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
            /** @description The rules as they are now */
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
                /** @description How many at most */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was done by hand, newest first */
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
                /** @description A code of WhatsApp's, or of the gateway's own such as `HEADERS_TIMEOUT` */
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
