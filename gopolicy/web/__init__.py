"""The board in the browser: a server for the user's own machine, and the page it shows."""
