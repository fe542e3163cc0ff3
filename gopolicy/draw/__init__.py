"""Pictures and pages: boards as SVG, one palette, one way to a file."""
