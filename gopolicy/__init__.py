"""Go policy networks that people can train, measure and play themselves.

The command line (``gopolicy --help``) is the front door; the layers below it are described in the README.
"""

__version__ = "0.1.0"
