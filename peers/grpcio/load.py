"""The case that a client plays, and what it keeps of its calls."""

import base64
import itertools
import json
import sys
import time
from array import array
from collections import Counter

from hdrh.histogram import HdrHistogram
from stubs import HelloReply, HelloRequest, ReplyShape
from version import version

now = time.monotonic_ns

# From all channels open to the start of the load, so that every thread or task is there in time.
LEAD_NS = 20_000_000
# After a lost connection a closed loop waits, so that a dead server is not hammered with calls that fail at once.
PAUSE_S = 0.01


class Case:
    """What to call, how hard and for how long: one JSON object on standard input."""

    def __init__(self, given):
        self.address = given["address"]
        self.tls = given.get("tls")
        self.method = given["method"]
        self.ping_pong = given.get("bidi") == "ping_pong"
        binary = lambda key: key.endswith("-bin")  # noqa: E731
        metadata = (given.get("metadata") or {}).items()
        self.metadata = tuple((key, base64.b64decode(value) if binary(key) else value) for key, value in metadata)
        deadline = given.get("deadline_ns")
        self.timeout = None if deadline is None else deadline / 1e9
        self.channels = given["channels"]
        self.in_flight = (given.get("closed") or {}).get("in_flight")
        self.open = given.get("open")
        self.warm_up, self.measure, self.drain = (given[f"{phase}_ns"] for phase in ("warm_up", "measure", "drain"))
        self.prepare(given["request"], given["reply"])

    def prepare(self, request, reply):
        """Builds the messages, once. The first request says how the call is to be answered."""
        name, size, many = "n" * request["name_bytes"], reply["size"], reply["messages"]
        shape = ReplyShape(size=size) if many == 1 else ReplyShape(size=size, messages=many)
        first = HelloRequest(name=name, reply=shape)
        further = HelloRequest(name=name)
        if self.method == "BidiHello":
            further.reply.size = size
        self.requests = [first] + [further] * (request["messages"] - 1)
        self.request_bytes = [message.ByteSize() for message in self.requests]
        self.replies, self.reply_size = many, size
        self.reply_bytes = HelloReply(message="x" * size).ByteSize()

    def begin(self):
        """The phases begin, on the monotonic clock."""
        self.start = now() + LEAD_NS
        self.measure_start = self.start + self.warm_up
        self.measure_end = self.measure_start + self.measure
        self.drain_end = self.measure_end + self.drain

    def arrivals(self):
        """When calls are meant to start, of an open loop: the runner's own schedule."""
        schedule = array("Q")
        with open(self.open["schedule"], "rb") as file:
            schedule.frombytes(file.read())
        if sys.byteorder == "big":
            schedule.byteswap()
        return [self.start + at for at in schedule]

    def offered(self):
        """How many calls an open loop was to start in the measured phase."""
        return sum(self.measure_start <= at < self.measure_end for at in self.arrivals())


class Call:
    """One call under way."""

    __slots__ = ("first", "intended", "received", "sent", "started", "wrong")

    def __init__(self, intended):
        self.intended = intended
        self.started = now()
        self.sent = self.received = 0
        self.first = None
        self.wrong = False


class Record:
    """What is kept of the calls of one thread, or of one event loop."""

    def __init__(self, case):
        self.case = case
        self.calls = self.requests = self.replies = 0
        self.counts = Counter()
        self.by_status = Counter()
        # Nanoseconds of the measured phase; folded into histograms when the load is over, so that folding costs it nothing.
        self.response, self.service, self.lag, self.first = (array("q") for _ in range(4))

    def begin(self, intended):
        """A call starts."""
        call = Call(intended)
        self.calls += 1
        if self.is_measured(call):
            self.counts["started"] += 1
            self.lag.append(max(call.started - intended, 1))
        return call

    def is_measured(self, call):
        return self.case.measure_start <= call.intended < self.case.measure_end

    def heard(self, call, reply):
        """A reply is here."""
        if call.first is None:
            call.first = now()
        call.received += 1
        call.wrong |= len(reply.message) != self.case.reply_size

    def ended(self, call, status):
        """A call has its status: the time of its end. What ends after the drain is unfinished and is not heard of."""
        case, done = self.case, now()
        self.requests += call.sent
        self.replies += call.received
        if not self.is_measured(call) or done > case.drain_end:
            return done
        if status == "OK" and (call.wrong or call.received != case.replies):
            status = "WRONG_REPLY"
        self.by_status[status] += 1
        self.counts["messages_sent"] += call.sent
        self.counts["messages_received"] += call.received
        self.counts["bytes_sent"] += sum(case.request_bytes[: call.sent])
        self.counts["bytes_received"] += call.received * case.reply_bytes
        if call.first is not None and case.method in ("LotsOfReplies", "BidiHello"):
            self.first.append(call.first - call.intended)
        if status == "OK":
            self.response.append(done - call.intended)
            self.service.append(done - call.started)
        return done


class Meter:
    """What the process costs over exactly the measured phase."""

    def begin(self):
        self.unix_ns, self.cpu = time.time_ns(), time.process_time_ns()

    def end(self):
        self.cpu = time.process_time_ns() - self.cpu
        self.rss = peak_rss()


def peak_rss():
    """The most memory that the process held, in bytes. `ru_maxrss` would be no less than what its parent held."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def result(case, records, meter):
    """What standard output gets."""
    counts, by_status = Counter(), Counter()
    for record in records:
        counts.update(record.counts)
        by_status.update(record.by_status)
    ended = {name: by_status.get(status, 0) for name, status in NAMED.items()}
    failed = sum(by_status.values()) - sum(ended.values())
    unfinished = counts["started"] - sum(by_status.values())
    # What an open loop never began.
    shed = 0 if case.open is None else case.offered() - counts["started"]
    arrays = lambda name: itertools.chain.from_iterable(getattr(record, name) for record in records)  # noqa: E731
    return {
        "version": version(),
        "measure_start_unix_ns": meter.unix_ns,
        "measured_ns": case.measure,
        "counts": {
            **{name: counts[name] for name in COUNTED},
            **ended,
            "failed": failed,
            "unfinished": unfinished,
            "shed": shed,
            "by_status": by_status,
        },
        "all": {name: sum(getattr(record, name) for record in records) for name in ("calls", "requests", "replies")},
        "response_time": histogram(arrays("response")),
        "service_time": histogram(arrays("service")),
        "start_lag": histogram(arrays("lag")),
        "time_to_first_message": histogram(arrays("first")),
        "cpu_ns": meter.cpu,
        "peak_rss_bytes": meter.rss,
    }


COUNTED = ("started", "messages_sent", "messages_received", "bytes_sent", "bytes_received")
NAMED = {"ok": "OK", "deadline_exceeded": "DEADLINE_EXCEEDED", "cancelled": "CANCELLED"}


def histogram(values):
    """HDR V2, deflated, base64; nothing where there are no values."""
    counted = Counter(values)
    if not counted:
        return None
    folded = HdrHistogram(1, 3_600_000_000_000, 3)
    for value, count in counted.items():
        folded.record_value(max(value, 1), count)
    return folded.encode().decode()


def main(play):
    """Reads a case, plays it, prints what came of it."""
    case = Case(json.loads(sys.stdin.readline()))
    records, meter = play(case)
    print(json.dumps(result(case, records, meter)), flush=True)
