"""Prints which stack this is, and what it runs on."""

import json
import platform

import grpc


def version():
    runtime = f"{platform.python_implementation()} {platform.python_version()}"
    return {"stack": f"grpcio {grpc.__version__}", "runtime": runtime}


if __name__ == "__main__":
    print(json.dumps(version()))
