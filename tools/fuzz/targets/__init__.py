"""What is fuzzed: one module a target, each with `make(folder)`, which returns one execution."""
