"""Nobody watches."""


class Silent:
    """Hears what is being done and keeps it to itself."""

    def step(self, text: str) -> None:
        """Say nothing."""
