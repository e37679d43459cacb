"""Pulumi's policy pack: the same policies, asked by an engine that can host Python packs."""
