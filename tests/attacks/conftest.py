"""What every attack sees: the keys of local servers, and retries that do not wait for seconds."""

from kit.api_boards import environment  # noqa: F401 - a fixture of every test here
