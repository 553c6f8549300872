"""A training kernel of our own: networks of common layers, trained by one C source with the same bits everywhere.

`plan` lays a network out in memory, `network` reads it from a Keras model, `machine` finds what runs it (`native` or
`wasm`), and `engine` trains members with it, a core each.
"""
