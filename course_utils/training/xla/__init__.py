"""Training compiled by XLA, for the networks that the kernel does not know: several at once, after a wait."""
