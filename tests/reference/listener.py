"""A listener to long work that tests can look into."""

from gopolicy.progress import Silent


class Listener(Silent):
    """Keeps the messages of long work."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def message(self, text: str) -> None:
        """Keep it."""
        self.said.append(text)
