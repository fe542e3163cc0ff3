"""What a Go network has learned: one file per view, named as the user types it."""
