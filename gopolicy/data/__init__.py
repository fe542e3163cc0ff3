"""The store: archives in, batches of training positions out.  Knows numpy and numba, not torch."""
