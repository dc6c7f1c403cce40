"""What can go wrong, as a status and a sentence for the caller. Traces go to the log, never to the caller."""


class Problem(Exception):
    """Something to tell the caller: an HTTP status and a sentence that says what to do."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class CannotLoad(Exception):
    """The model cannot be served; the message is a sentence for the person who deployed it."""


def invalid(sentence: str) -> Problem:
    return Problem(400, sentence)


def some(names, limit: int = 12) -> str:
    """A list of names for a sentence, cut where it would fill the screen."""
    names = [str(name) for name in names]
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def short(value, limit: int = 60) -> str:
    """A value for a sentence, as the caller wrote it."""
    try:
        import orjson

        text = orjson.dumps(value).decode()
    except Exception:
        text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
