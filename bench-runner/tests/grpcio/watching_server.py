"""A greeter that watches: which binary metadata its calls brought, to the byte, and which of them their callers gave up.

Prints its address, serves until its standard input ends, then prints what it saw, by method, as JSON.
"""

import collections
import sys
import threading

import grpc
from all_methods_server import serve


class Watching(grpc.ServerInterceptor):
    """Calls, those of them that were given up, the most that were under way at once, and the values of metadata whose names
    end in -bin, in hexadecimal."""

    def __init__(self):
        self.seen = collections.defaultdict(lambda: {"calls": 0, "given_up": 0, "at_once": 0, "metadata": {}})
        self.under_way = collections.Counter()
        self.lock = threading.Lock()

    def came(self, method, metadata):
        with self.lock:
            seen = self.seen[method]
            seen["calls"] += 1
            for key, value in metadata:
                if key.endswith("-bin"):
                    values = seen["metadata"].setdefault(key, {})
                    values[value.hex()] = values.get(value.hex(), 0) + 1

    def watch(self, method, context):
        """A flag that is set when a call has been answered; one that ends before that was given up."""
        answered = threading.Event()
        with self.lock:
            self.under_way[method] += 1
            self.seen[method]["at_once"] = max(self.seen[method]["at_once"], self.under_way[method])

        def ended():
            with self.lock:
                self.under_way[method] -= 1
                self.seen[method]["given_up"] += not answered.is_set()

        if not context.add_callback(ended):
            ended()
        return answered

    def intercept_service(self, continuation, details):
        handler = continuation(details)
        if handler is None:
            return None
        method = details.method.rsplit("/", 1)[1]
        self.came(method, details.invocation_metadata)
        kind = "_".join("stream" if streams else "unary" for streams in (handler.request_streaming, handler.response_streaming))
        behaviour = getattr(handler, kind)

        def single(request, context):
            answered = self.watch(method, context)
            reply = behaviour(request, context)
            # The callback runs when the reply has gone, or when the caller has.
            if context.is_active():
                answered.set()
            return reply

        def stream(request, context):
            answered = self.watch(method, context)
            yield from behaviour(request, context)
            if context.is_active():
                answered.set()

        return handler._replace(**{kind: stream if handler.response_streaming else single})


if __name__ == "__main__":
    serve(Watching(), *sys.argv[1:])
