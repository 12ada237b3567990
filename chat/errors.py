"""Why a click in a chat is refused; each message says in plain words what to do, to the person who clicked."""

from events.errors import EventError


class ChatError(EventError):
    """Base of the errors about chats; nothing changed. `message` is for the person who clicked."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Forged(ChatError):
    """The request was not signed by Slack with our secret, is too old, or came before."""


class UnknownPerson(ChatError):
    """No active account belongs to the person who clicked."""


class Refused(ChatError):
    """The chat's service refused a call. `code` is its word for why; with `may_pass` another try may succeed."""

    def __init__(self, code: str, *, may_pass: bool) -> None:
        super().__init__(code)
        self.code, self.may_pass = code, may_pass
