"""A server of a stranger: a service of its own, which gives back what it is given. With reflection if asked by an argument.

Prints its port, serves until its standard input ends, then prints what it was sent, by method, as JSON.
"""

import collections
import json
import sys
import threading
from concurrent import futures

import archive_pb2
import archive_pb2_grpc
import grpc
import shop_pb2
import shop_pb2_grpc
from google.protobuf import empty_pb2, json_format

SEEN = collections.defaultdict(collections.Counter)
LOCK = threading.Lock()


def note(method, requests):
    texts = [
        json_format.MessageToJson(request, preserving_proto_field_name=True, indent=None, sort_keys=True)
        for request in requests
    ]
    with LOCK:
        SEEN[method][json.dumps(texts)] += 1


class Shop(shop_pb2_grpc.ShopServicer):
    def Place(self, request, context):
        note("Place", [request])
        context.send_initial_metadata((("x-shop", "open"),))
        context.set_trailing_metadata((("x-orders", "1"),))
        if request.id == "refused":
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "the shop does not sell that")
        return shop_pb2.Receipt(order=request, orders=1)

    def Watch(self, request, context):
        note("Watch", [request])
        for number, _ in enumerate(request.items, 1):
            yield shop_pb2.Receipt(order=request, orders=number)

    def Collect(self, requests, context):
        orders = list(requests)
        note("Collect", orders)
        return shop_pb2.Receipt(order=orders[-1], orders=len(orders))

    def Talk(self, requests, context):
        orders = []
        for request in requests:
            orders.append(request)
            yield shop_pb2.Receipt(order=request, orders=len(orders))
        note("Talk", orders)

    def Ping(self, request, context):
        return empty_pb2.Empty()


class Archive(archive_pb2_grpc.ArchiveServicer):
    def Store(self, request, context):
        note("Store", [request])
        return request


def serve(arguments):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    shop_pb2_grpc.add_ShopServicer_to_server(Shop(), server)
    archive_pb2_grpc.add_ArchiveServicer_to_server(Archive(), server)
    if "--reflection" in arguments:
        from grpc_reflection.v1alpha import reflection

        names = ("shop.v1.Shop", "archive.Archive", reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(grace=1).wait()
    seen = {
        method: [{"messages": [json.loads(text) for text in json.loads(texts)], "times": times} for texts, times in calls.items()]
        for method, calls in SEEN.items()
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    serve(sys.argv[1:])
