"""Calls all five methods of the reference server with grpcio and checks what comes: replies, counts, statuses, metadata.

Takes a compression and a folder of certificates, if any, and the server's address; prints how many calls it made, every one of which went as it should.
"""

import itertools
import queue
import sys
from collections import Counter, defaultdict

import grpc
import secure
from helloworld_pb2 import WHEN_AFTER_ALL, HelloRequest, ReplyShape
from helloworld_pb2_grpc import GreeterStub
from reference_pb2 import GetCountersRequest
from reference_pb2_grpc import ReferenceStub

SIZES = [1, 16 << 10, 1 << 20]
METHODS = ["SayHello", "SayHelloAgain", "LotsOfReplies", "LotsOfGreetings", "BidiHello"]
TEXT = "no such tenant: 100 % gr\u00fcn"
LARGE = "v" * 6000
TIMEOUT = 20
# Messages of a stream.
MANY = 5


class Session:
    """One channel, and what was sent and received on it."""

    def __init__(self, channel):
        self.channel = channel
        self.stub = GreeterStub(channel)
        self.counts = defaultdict(Counter)
        self.calls = 0

    def call(self, method, requests, requests_as_iterator=None, **options):
        """Starts a call of any of the four patterns; gives it and an iterator of its replies."""
        self.calls += 1
        counts = self.counts[method]
        counts.update(calls=1, requests=len(requests), request_bytes=sum(r.ByteSize() for r in requests))
        start = getattr(self.stub, method)
        options = {"timeout": TIMEOUT, **options}
        streams = method in ("LotsOfGreetings", "BidiHello")
        asked = (requests_as_iterator or iter(requests)) if streams else requests[0]
        if method in ("LotsOfReplies", "BidiHello"):
            call = start(asked, **options)
            return call, self.counted(method, call)
        call = start.future(asked, **options)
        return call, self.counted(method, self.single(call))

    @staticmethod
    def single(call):
        if call.code() == grpc.StatusCode.OK:
            yield call.result()

    def counted(self, method, replies):
        try:
            for reply in replies:
                self.counts[method].update(replies=1, reply_bytes=reply.ByteSize())
                yield reply
        except grpc.RpcError:
            # The status is looked at by itself.
            return

    def finish(self, method, call, replies, sizes, code=grpc.StatusCode.OK):
        """Reads a call to its end and holds it against what was asked for."""
        lengths = [len(reply.message) for reply in replies]
        assert call.code() == code, (method, call.code(), call.details())
        assert lengths == sizes, (method, lengths, sizes)
        self.counts[method].update(ok=int(code == grpc.StatusCode.OK))


def requests_of(method, size, **shape):
    """The requests of a call with messages of a size, and the sizes of its replies."""
    if method == "LotsOfReplies":
        shape["messages"] = MANY
    request = HelloRequest(name="n" * size, reply=ReplyShape(size=size, **shape))
    many = method in ("LotsOfGreetings", "BidiHello")
    replies = MANY if method in ("LotsOfReplies", "BidiHello") else 1
    return [request] * (MANY if many else 1), [size] * replies


def whole_calls(session):
    for method, size in itertools.product(METHODS, SIZES):
        requests, sizes = requests_of(method, size)
        call, replies = session.call(method, requests)
        session.finish(method, call, replies, sizes)


def ping_pong(session):
    for size in SIZES:
        requests, sizes = requests_of("BidiHello", size)
        sent = queue.SimpleQueue()
        call, replies = session.call("BidiHello", requests, iter(sent.get, None))
        for request, size in zip(requests, sizes):
            sent.put(request)
            assert len(next(replies).message) == size
        sent.put(None)
        session.finish("BidiHello", call, replies, [])


def many_at_once(session):
    for method in METHODS:
        requests, sizes = requests_of(method, 1000)
        for call, replies in [session.call(method, requests) for _ in range(50)]:
            session.finish(method, call, replies, sizes)


def statuses_and_trailers(session):
    for method in METHODS:
        trailers = {"x-tail": "blue", "x-large": LARGE}
        requests, sizes = requests_of(method, 10, status_code=5, status_message=TEXT, trailers=trailers)
        call, replies = session.call(method, requests, metadata=[("x-large", LARGE), ("x-bytes-bin", b"\0\xff")])
        # A single reply is not sent with an error, as any gRPC server has it; a stream's are.
        replied = sizes if method in ("LotsOfReplies", "BidiHello") else []
        session.finish(method, call, replies, replied, grpc.StatusCode.NOT_FOUND)
        assert call.details() == TEXT, call.details()
        found = dict(call.trailing_metadata())
        assert trailers.items() <= found.items(), found


def metadata_comes_at_once(session):
    """The server's initial metadata, before anything is replied."""
    requests, _ = requests_of("BidiHello", 10, when=WHEN_AFTER_ALL, headers_at_once=True)
    sent = queue.SimpleQueue()
    call, replies = session.call("BidiHello", requests, iter(sent.get, None))
    sent.put(requests[0])
    call.initial_metadata()
    for request in [*requests[1:], None]:
        sent.put(request)
    session.finish("BidiHello", call, replies, [10])


def counts_agree(session):
    server = ReferenceStub(session.channel).GetCounters(GetCountersRequest(), timeout=TIMEOUT).methods
    for method in METHODS:
        theirs = {field.name: value for field, value in server[method].ListFields()}
        assert theirs == dict(session.counts[method]), (method, theirs, session.counts[method])


def what_ends_early(session):
    """Deadlines, cancellations, refusals; after each of them the connection goes on."""

    def refused(path, code, **options):
        session.calls += 1
        method = session.channel.unary_unary(path)
        try:
            method(b"", timeout=TIMEOUT, **options)
        except grpc.RpcError as error:
            assert error.code() == code, (path, error)
        else:
            raise AssertionError(path)

    never = queue.SimpleQueue()
    call, _ = session.call("LotsOfGreetings", [], iter(never.get, None), timeout=0.2)
    # The server's clock may be first, and tonic, which both faces go by, says CANCELLED then.
    late = call.code() == grpc.StatusCode.DEADLINE_EXCEEDED or call.details() == "Timeout expired"
    assert late, (call.code(), call.details())
    requests, _ = requests_of("BidiHello", 10)
    sent = queue.SimpleQueue()
    call, replies = session.call("BidiHello", requests, iter(sent.get, None))
    sent.put(requests[0])
    assert len(next(replies).message) == 10
    call.cancel()
    assert call.code() == grpc.StatusCode.CANCELLED, call.code()
    for gate in never, sent:
        gate.put(None)
    refused("/helloworld.Greeter/Nothing", grpc.StatusCode.UNIMPLEMENTED)
    health = session.channel.unary_unary("/grpc.health.v1.Health/Check")
    assert health(b"", timeout=TIMEOUT) == b"\x08\x01"
    session.calls += 1
    requests, sizes = requests_of("SayHello", 1)
    session.finish("SayHello", *session.call("SayHello", requests), sizes)


def run(address, compression="NoCompression", certificates=None):
    options = [("grpc.max_receive_message_length", -1)]
    with secure.channel(address, certificates, options, grpc.Compression[compression]) as channel:
        session = Session(channel)
        for check in [
            whole_calls,
            ping_pong,
            many_at_once,
            statuses_and_trailers,
            metadata_comes_at_once,
            counts_agree,
            what_ends_early,
        ]:
            check(session)
    print(f"{session.calls} calls went as they should")


if __name__ == "__main__":
    # The address comes last: the address is put behind what there is.
    run(sys.argv[-1], *sys.argv[1:-1])
