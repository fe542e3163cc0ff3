"""Go policy networks that people can train, measure and play themselves.

The command line (``gopolicy --help``) is the front door; the README describes the layers below it.
"""

__version__ = "0.1.0"
