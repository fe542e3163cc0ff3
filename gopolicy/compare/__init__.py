"""Several networks trained on the same data: sizes matched, rates swept, differences measured."""
