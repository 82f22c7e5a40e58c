"""A mail server on this machine that keeps what it is sent, and answers as it is told."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from flows.config import MailSettings

TAKEN = "250 OK"


class Postbox:
    """What a server took. `answers` are given to the first recipients named, one each; after them everybody is taken."""

    def __init__(self, answers: Sequence[str] = ()) -> None:
        self.answers = list(answers)
        self.mails: list[tuple[str, bytes]] = []
        self.logins: list[tuple[str, str]] = []

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        answer = self.answers.pop(0) if self.answers else TAKEN
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails += [(address, envelope.content) for address in envelope.rcpt_tos]
        return TAKEN

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"open sesame", handled=False)

    def letters(self) -> list[EmailMessage]:
        parsed = [message_from_bytes(content, policy=policy.default) for _, content in self.mails]
        return [letter for letter in parsed if isinstance(letter, EmailMessage)]


@contextmanager
def listening(postbox: Postbox, **options: Any) -> Iterator[MailSettings]:
    """Settings that reach the postbox, in the clear and without a login."""
    port = free_port()
    server = Controller(postbox, hostname="127.0.0.1", port=port, **options)
    server.start()
    try:
        yield MailSettings(host="127.0.0.1", port=port, tls="none", sender="Talkshare <talkshare@example.org>")
    finally:
        server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Hooks:
    """What was posted to a webhook. `answers` are given to the first posts, one status each; after them 200."""

    def __init__(self, answers: Sequence[int] = ()) -> None:
        self.answers = list(answers)
        self.posts: list[dict[str, Any]] = []


@contextmanager
def hooked(hooks: Hooks) -> Iterator[str]:
    """The address of a webhook on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            answer = hooks.answers.pop(0) if hooks.answers else 200
            if answer == 200:
                hooks.posts.append(json.loads(content))
            self.send_response(answer)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook"
        finally:
            server.shutdown()
