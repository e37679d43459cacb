"""What no change may bring: policies as pure functions over resources, and what the estate costs.

Imports nothing but the standard library, so that the same functions run over a preview's JSON and inside Pulumi's
policy pack, whose environment has none of this project's packages.
"""
