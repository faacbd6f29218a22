"""E-mail: one message in both languages, by SMTP."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from api.outgoing.errors import Refused, TryLater
from api.outgoing.settings import SmtpSettings
from api.outgoing.words import LANGUAGES, headline, lines, say, severity_of
from tracker.outbox import Subscription, Telling
from tracker.subscriptions import mail_addresses

#: Letters on their way at a time.
THREADS: Final = 4


class Mail:
    """Sends messages through one server, a connection each."""

    def __init__(self, settings: SmtpSettings, *, timeout_s: float) -> None:
        self._settings = settings
        self._timeout_s = timeout_s
        #: Of its own: a slow mail server holds up no other channel.
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mail")

    async def send(self, telling: Telling, subscription: Subscription) -> None:
        """Return when the server took it for all; raises TryLater or Refused."""
        if self._settings.host is None:
            raise TryLater("no mail server is named (MILEPOST_SMTP_HOST)")
        message = letter(telling, subscription, self._settings.sender)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, self._send, self._settings.host, message)

    def _send(self, host: str, message: EmailMessage) -> None:
        try:
            with self._connected(host) as server:
                refused = server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(error.recipients) from error
        except smtplib.SMTPResponseException as error:
            raise _told(error.smtp_code, error.smtp_error) from error
        except (OSError, smtplib.SMTPException) as error:
            raise TryLater(f"{type(error).__name__}: {error}") from error
        if refused:
            # The others have it: once more would be a second letter to them.
            raise Refused(f"not taken for {', '.join(refused)}")

    def _connected(self, host: str) -> smtplib.SMTP:
        settings = self._settings
        if settings.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, settings.port, timeout=self._timeout_s, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, settings.port, timeout=self._timeout_s)
        if settings.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.user is not None:
            password = settings.password.get_secret_value() if settings.password else ""
            server.login(settings.user, password)
        return server


def letter(telling: Telling, subscription: Subscription, sender: str) -> EmailMessage:
    """The message. Its id is that of the telling, so that a repeat is known as one."""
    message = EmailMessage()
    severity = severity_of(telling)
    subject = " / ".join(
        f"[{say(language, f'severity.{severity}')}] {headline(telling, language)}"
        for language in LANGUAGES
    )
    # A name may have line breaks in it, a header may not.
    message["Subject"] = " ".join("".join(c if c.isprintable() else " " for c in subject).split())
    message["From"] = sender
    message["To"] = [Address(addr_spec=each) for each in mail_addresses(subscription.target)]
    message["Date"] = format_datetime(telling.created_at)
    message["Message-ID"] = f"<{telling.id}@{sender.rpartition('@')[2]}>"
    if telling.revision:
        message["References"] = f"<{telling.event_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    parts = ["\n".join(lines(telling, language)) for language in LANGUAGES]
    message.set_content("\n\n".join([*parts, f"{telling.type} {telling.id}"]) + "\n")
    return message


def _refusal(recipients: dict[str, tuple[int, bytes]]) -> Refused | TryLater:
    """All were refused: for good only where each was."""
    code = min(code for code, _ in recipients.values())
    return _told(code, f"no recipient was taken: {recipients}")


def _told(code: int, said: bytes | str) -> Refused | TryLater:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    kind = Refused if code >= 500 else TryLater  # noqa: PLR2004  SMTP's permanent answers
    return kind(f"the mail server said {code} {text}")
