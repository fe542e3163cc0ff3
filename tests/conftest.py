"""What all tests share: a process that can be interrupted."""

import signal

collect_ignore = ["reference"]  # slow twins and stand-ins, no tests


def pytest_configure() -> None:
    """Undo that shells start background jobs with interrupts ignored, which processes inherit."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
