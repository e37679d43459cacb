"""The embedded Triton: a server on loopback that runs a release's ONNX files without Docker or a GPU."""
