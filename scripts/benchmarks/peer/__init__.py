"""The servers that Triton is compared with: FastAPI and uvicorn around onnxruntime and around PyTorch."""
