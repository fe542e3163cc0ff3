"""Pictures: boards, heat maps, curves."""
