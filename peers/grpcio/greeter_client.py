"""The greeter client of the gRPC examples under load, blocking: a thread for each call in flight."""

import itertools
import os
import queue
import sys
import threading
import time

import grpc
import load
import secure
from stubs import GreeterStub

OPTIONS = [
    # Otherwise all channels to one address share one connection.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", -1),
]
# A thread each: more of them than this no user of the blocking API would start.
MOST_THREADS = 2000
# Of an open loop. A call that finds no thread free starts late, and its lateness counts.
OPEN_THREADS = 256


class Caller(threading.Thread):
    """Makes one call after the other on a channel of its own or that it shares, and keeps what came of them."""

    def __init__(self, case, channel, turns):
        super().__init__(daemon=True)
        self.case = case
        self.record = load.Record(case)
        self.turns = turns
        self.start_call = getattr(GreeterStub(channel), case.method)
        self.greet = {
            "SayHello": self.unary,
            "SayHelloAgain": self.unary,
            "LotsOfReplies": self.replies,
            "LotsOfGreetings": self.greetings,
            "BidiHello": self.ping_pong if case.ping_pong else self.echo,
        }[case.method]

    def run(self):
        for intended in self.turns(self):
            call = self.record.begin(intended)
            try:
                self.greet(call)
                status = "OK"
            except grpc.RpcError as error:
                status = error.code().name
            except ValueError:
                # The channel was closed: the drain is over.
                status = "CANCELLED"
            self.done = self.record.ended(call, status)
            if status == "UNAVAILABLE":
                time.sleep(load.PAUSE_S)

    def options(self):
        return {"timeout": self.case.timeout, "metadata": self.case.metadata}

    def unary(self, call):
        call.sent = 1
        self.record.heard(call, self.start_call(self.case.requests[0], **self.options()))

    def replies(self, call):
        call.sent = 1
        for reply in self.start_call(self.case.requests[0], **self.options()):
            self.record.heard(call, reply)

    def greetings(self, call):
        self.record.heard(call, self.start_call(self.sending(call), **self.options()))

    def echo(self, call):
        for reply in self.start_call(self.sending(call), **self.options()):
            self.record.heard(call, reply)

    def ping_pong(self, call):
        """The next request goes when the reply to the last has come."""
        next_request = queue.SimpleQueue()
        replies = self.start_call(iter(next_request.get, None), **self.options())
        try:
            for request in self.case.requests:
                next_request.put(request)
                call.sent += 1
                self.record.heard(call, next(replies))
        except StopIteration:
            return
        finally:
            # Also where the call has failed: grpcio's own thread waits for the next request.
            next_request.put(None)
        for reply in replies:
            self.record.heard(call, reply)

    def sending(self, call):
        for request in self.case.requests:
            call.sent += 1
            yield request


def closed(caller):
    """The next call starts when the last one ends."""
    case = caller.case
    sleep_until(case.start)
    caller.done = case.start
    while caller.done < case.measure_end:
        yield caller.done


def open_loop(case):
    """All threads together take the arrivals in turn, each at its time."""
    arrivals, taken = case.arrivals(), itertools.count()

    def turns(caller):
        # What is still due when the drain is over is never begun.
        while (number := next(taken)) < len(arrivals) and load.now() < case.drain_end:
            sleep_until(arrivals[number])
            yield arrivals[number]

    return turns


def sleep_until(at):
    left = at - load.now()
    if left > 0:
        time.sleep(left / 1e9)


def threads(case):
    """How many threads on each channel."""
    if case.in_flight:
        if case.in_flight * case.channels > MOST_THREADS:
            sys.exit(f"{case.in_flight} calls in flight on each of {case.channels} channels are more than {MOST_THREADS} threads")
        return case.in_flight
    return max(1, min(case.open["max_in_flight"], OPEN_THREADS) // case.channels)


def play(case):
    channels = [secure.channel(grpc, case, OPTIONS) for _ in range(case.channels)]
    for channel in channels:
        grpc.channel_ready_future(channel).result(timeout=5)
    case.begin()
    turns = closed if case.in_flight else open_loop(case)
    callers = [Caller(case, channel, turns) for channel in channels for _ in range(threads(case))]
    for caller in callers:
        caller.start()
    meter = load.Meter()
    sleep_until(case.measure_start)
    meter.begin()
    sleep_until(case.measure_end)
    meter.end()
    for caller in callers:
        caller.join(max(case.drain_end - load.now(), 0) / 1e9)
    for channel in channels:
        channel.close()
    return [caller.record for caller in callers], meter


if __name__ == "__main__":
    if "--aio" in sys.argv:
        import async_greeter_client

        async_greeter_client.main()
    else:
        load.main(play)
    # Threads that hang in grpcio must not keep the process.
    os._exit(0)
