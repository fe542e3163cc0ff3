"""KataGo's analysis protocol: questions about positions as JSON, one on a line."""
