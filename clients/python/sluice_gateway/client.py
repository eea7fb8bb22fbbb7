"""The client: one idempotency key per message, and retries of what is safe to retry."""

from __future__ import annotations

import json
import random
import time
import uuid
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from queue import Empty, LifoQueue
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union
from urllib.parse import urlencode, urlsplit

from .calls import Calls
from .types import BatchResponse, PostMessage, PostResponse

_FIRST_DELAY_S = 0.1
_LONGEST_DELAY_S = 5.0
# Codes after which a retry may succeed: the request had no effect, or may have had one.
_NOT_EXECUTED = {"OVERLOADED", "SHUTTING_DOWN", "RECIPIENT_QUEUE_FULL", "BACKLOG_FULL", "TOO_SLOW"}
_MAYBE_EXECUTED = {"UNAVAILABLE"}
_BALANCERS = {429, 502, 503, 504}
_MOST_ROWS = 1000


class SluiceError(Exception):
    """A call failed. `code` is stable; the text has no key, no number and no text of a message.

    `UNREACHABLE`: no response. `TIMEOUT`: none in time. `UNEXPECTED_RESPONSE`: one of another server.
    Any other code is the gateway's own, with its whole problem document in `problem`.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: Optional[int] = None,
        problem: Optional[Dict[str, Any]] = None,
        retry_after: float = 0.0,
        executed: Optional[bool] = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.status = status
        self.problem = problem
        self.field: Optional[str] = None if problem is None else problem.get("field")
        #: Seconds that the gateway asks to wait.
        self.retry_after = retry_after
        #: The key of the message: a later call with it cannot send the message twice.
        self.idempotency_key: Optional[str] = None
        # True: the request may have had an effect. False: it had none. None: a retry has the same result.
        self._executed = executed


class Sluice(Calls):
    """A client of one gateway, for any number of threads. Times are in seconds.

    >>> sluice = Sluice("http://localhost:3000", api_key=os.environ["SLUICE_API_KEY"])
    >>> sluice.send("+15550101234", "Your order is ready", metadata={"orderId": "ORD123"})["status"]
    'sent'

    The methods of `Calls` are all other requests of the API.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: Optional[str] = None,
        timeout: float = 30.0,
        try_timeout: float = 10.0,
        connections: int = 16,
    ) -> None:
        url = urlsplit(base_url)
        if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
            raise ValueError("base_url must be like http://localhost:3000")
        self._url = url
        self._prefix = url.path.rstrip("/")
        self._headers = {"accept": "application/json", "user-agent": "sluice-gateway-python"}
        if api_key is not None:
            self._headers["authorization"] = f"Bearer {api_key}"
        self._timeout = timeout
        self._try_timeout = try_timeout
        self._idle: LifoQueue[HTTPConnection] = LifoQueue(connections)

    def send(
        self,
        to: Union[str, Mapping[str, str]],
        message: Union[str, Mapping[str, Any]],
        *,
        idempotency_key: Optional[str] = None,
        respond_async: bool = False,
        **fields: Any,
    ) -> PostResponse:
        """Sends a message: at once if the rate limits permit, else it waits in its queue.

        `to` is a number, or `{"recipient": …}` for a user id, or `{"group": …}`. `fields` are the other
        fields of `POST /messages`, such as `metadata`, `priority` and `scheduledFor`. Without a key of
        yours this call has its own, which it keeps over all tries; if a response was lost, the next try
        returns the first message with `"duplicate": True`. Raises SluiceError.
        """
        given = {"to": to} if isinstance(to, str) else dict(to)
        body: Dict[str, Any] = _with_key({**given, "message": message, **fields}, idempotency_key)
        headers = {"prefer": "respond-async"} if respond_async else {}
        try:
            response: PostResponse = self._request("POST", "/api/v1/messages", body, headers, True)
            return response
        except SluiceError as error:
            error.idempotency_key = body.get("idempotencyKey")
            raise

    def send_batch(self, messages: Sequence[PostMessage]) -> List[Any]:
        """Queues messages, 1,000 in a request. One result per message, in the same order.

        A rejected message has a `code` and does not affect the others. Each has its own idempotency key.
        """
        rows = [_with_key(dict(message), None) for message in messages]
        results: List[Any] = []
        for first in range(0, len(rows), _MOST_ROWS):
            body = {"messages": rows[first : first + _MOST_ROWS]}
            batch: BatchResponse = self._request("POST", "/api/v1/messages/batch", body, {}, True)
            results += batch["results"]
        return results

    def close(self) -> None:
        """Closes the idle connections."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def __enter__(self) -> Sluice:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, Any]] = None,
        body: Any = None,
        repeatable: bool = True,
    ) -> Any:
        given = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        return self._request(method, f"{path}?{urlencode(given)}" if given else path, body, {}, repeatable)

    def _request(
        self,
        method: str,
        path: str,
        body: Any,
        headers: Dict[str, str],
        repeatable: bool,
    ) -> Any:
        deadline = time.monotonic() + self._timeout
        sent = None if body is None else json.dumps(body, allow_nan=False).encode()
        if sent is not None:
            headers = {**headers, "content-type": "application/json"}
        tries = 0
        while True:
            tries += 1
            try:
                return self._try(method, path, sent, headers, max(0.001, deadline - time.monotonic()))
            except SluiceError as error:
                if error._executed is None or (error._executed and not repeatable):
                    raise
                # On top of Retry-After, which is the same for all rejected callers: they must not return in lockstep.
                jitter = (1 + random.random()) / 2 * min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2 ** (tries - 1))
                delay = error.retry_after + jitter
                if time.monotonic() + delay >= deadline:
                    raise
            time.sleep(delay)

    def _try(
        self, method: str, path: str, body: Optional[bytes], headers: Dict[str, str], left: float
    ) -> Any:
        connection = self._connect(min(left, self._try_timeout))
        connected = connection.sock is not None
        try:
            if not connected:
                connection.connect()
                connected = True
            connection.request(method, self._prefix + path, body, {**self._headers, **headers})
            response = connection.getresponse()
            text = response.read()
        except (OSError, HTTPException) as error:
            connection.close()
            code = "TIMEOUT" if isinstance(error, TimeoutError) else "UNREACHABLE"
            detail = f"no response from the gateway ({type(error).__name__})"
            raise SluiceError(code, detail, executed=connected) from error
        self._release(connection, response.will_close)
        return _read(response.status, response.getheader("retry-after"), text)

    def _connect(self, timeout: float) -> HTTPConnection:
        try:
            connection = self._idle.get_nowait()
        except Empty:
            kind = HTTPSConnection if self._url.scheme == "https" else HTTPConnection
            connection = kind(self._url.hostname or "", self._url.port)
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        return connection

    def _release(self, connection: HTTPConnection, ends: bool) -> None:
        if ends or self._idle.full():
            connection.close()
        else:
            self._idle.put(connection)


def _with_key(body: Dict[str, Any], key: Optional[str]) -> Dict[str, Any]:
    """The body with its key before the first try. One that the gateway shall derive stays without."""
    if key is not None:
        return {**body, "idempotencyKey": key}
    if "idempotencyKey" in body or "timestamp" in body or body.get("deduplicate") is True:
        return body
    return {**body, "idempotencyKey": f"sluice:{uuid.uuid4()}"}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(status: int, retry_after: Optional[str], text: bytes) -> Any:
    """The body of a successful response. Raises SluiceError for any other."""
    document, is_json = _parse(text)
    if 200 <= status < 300 and is_json:
        return document
    after = float(retry_after) if retry_after is not None and retry_after.isdigit() else 0.0
    if not isinstance(document, dict) or not isinstance(document.get("code"), str):
        executed = None if status not in _BALANCERS else status != 429
        detail = f"a response that is not the gateway's (HTTP {status})"
        raise SluiceError("UNEXPECTED_RESPONSE", detail, status=status, retry_after=after, executed=executed)
    code = document["code"]
    executed = False if code in _NOT_EXECUTED else True if code in _MAYBE_EXECUTED else None
    detail = str(document.get("detail") or document.get("title") or "")
    raise SluiceError(code, detail, status=status, problem=document, retry_after=after, executed=executed)


def _parse(text: bytes) -> Tuple[Any, bool]:
    if text == b"":
        return None, True
    try:
        return json.loads(text), True
    except ValueError:
        return None, False
