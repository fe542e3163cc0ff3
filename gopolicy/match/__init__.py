"""Games between two engines: openings, rules of the match, the tally."""
