"""What can go wrong in a way that a person should hear of. The errors carry facts only: the one handler of
the web turns class and facts into a status and a translated sentence, so no sentence may stand here."""


class MailerError(Exception):
    """The root: whatever is caught as this was foreseen."""


class NotFound(MailerError):
    """It is missing, or it is somebody else's: both must look the same from outside."""


class NotAllowed(MailerError):
    """This person may not do that, whatever state the thing is in."""


class Conflict(MailerError):
    """The verb does not fit the state; `code` names the clash ("status", "in_use", "sent_today" ...)."""

    def __init__(self, code: str = "status", **facts: object) -> None:
        """`facts` are what the sentence will need, such as the mailings that use a message."""
        super().__init__(code)
        self.code = code
        self.facts = facts


class Invalid(MailerError):
    """A value that cannot be taken: which form field, and a code for what is wrong with it."""

    def __init__(self, field: str, code: str, **facts: object) -> None:
        """`facts` are what the sentence will need, such as the unknown placeholder's name."""
        super().__init__(field, code)
        self.field = field
        self.code = code
        self.facts = facts


class TokenExpired(MailerError):
    """A link of an account letter that is used up, too old, or was never ours."""


class TooMany(MailerError):
    """Asked too often; may be asked again after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int) -> None:
        """Whole seconds, for the Retry-After header."""
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s
