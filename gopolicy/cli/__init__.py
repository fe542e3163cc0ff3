"""One thin module per command; the only place of the package that prints."""
