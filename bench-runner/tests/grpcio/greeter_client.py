"""The stock greeter client of grpcio: greets the server named on the command line, prints what it answers."""

import sys

import grpc
import helloworld_pb2
import helloworld_pb2_grpc


def run(address):
    with grpc.insecure_channel(address) as channel:
        stub = helloworld_pb2_grpc.GreeterStub(channel)
        response = stub.SayHello(helloworld_pb2.HelloRequest(name="you"), timeout=5)
    print("Greeter client received: " + response.message)


if __name__ == "__main__":
    run(sys.argv[1])
