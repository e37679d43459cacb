"""The edge: an Envoy whose configuration is generated, its certificates, and tokens for `local`."""
