"""h2load as a client of the comparison: a case as JSON becomes its arguments, its log and its summary the result.

What h2load cannot know is left out; what it cannot do is refused.
"""

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import threading
import time

from hdrh.histogram import HdrHistogram

HOUR_NS = 3_600_000_000_000
# At its end h2load forgets the calls in flight, so it must have had time for one, of a cold server too.
LEAST_WARM_UP_NS = 1_000_000_000
# What one DATA frame holds.
FRAME = 16384


def version():
    said = subprocess.run(["h2load", "--version"], capture_output=True, text=True, check=True).stdout
    return {"stack": said.strip().replace("nghttp2/", ""), "runtime": f"{platform.system()} {platform.release()}"}


def refuse(case):
    if case["method"] not in ("SayHello", "SayHelloAgain"):
        return f"h2load sends one request and a whole answer to it: no {case['method']}"
    if not case.get("closed"):
        return "h2load cannot play a schedule: closed loop only"
    if case.get("deadline_ns"):
        return "h2load knows no deadlines"
    return None


def varint(value):
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(encoded + bytes([value]))


def request(name_bytes, size):
    """HelloRequest { name, reply { size } }; an empty name is not written."""
    shape = b"\x08" + varint(size)
    name = b"\x0a" + varint(name_bytes) + b"n" * name_bytes if name_bytes else b""
    return name + b"\xaa\x06" + varint(len(shape)) + shape


def reply_length(size):
    """The length of HelloReply { message }."""
    return 1 + len(varint(size)) + size if size else 0


def milliseconds(nanoseconds):
    return f"{max(1, round(nanoseconds / 1e6))}ms"


def arguments(case, body, log):
    words = ["h2load", "-t", "1", "-c", str(case["channels"]), "-m", str(case["closed"]["in_flight"])]
    words += ["-D", milliseconds(case["measure_ns"]), f"--warm-up-time={milliseconds(case['warm_up_ns'])}"]
    words += ["-d", body, f"--log-file={log}"]
    metadata = {"te": "trailers", "content-type": "application/grpc", **(case.get("metadata") or {})}
    for name, value in metadata.items():
        words += ["-H", f"{name}: {value}"]
    return words + [f"http://{case['address']}/helloworld.Greeter/{case['method']}"]


class Watch:
    """What h2load's process had spent when the measured phase began, and the most memory that it was seen to hold."""

    def __init__(self, pid, case):
        self.pid, self.rss, self.cpu_before = pid, None, 0
        self.gone = threading.Event()
        self.start = time.time_ns() + case["warm_up_ns"]
        self.thread = threading.Thread(target=self.look, args=(case,), daemon=True)
        self.thread.start()

    def look(self, case):
        if self.gone.wait(case["warm_up_ns"] / 1e9):
            return
        self.cpu_before = self.cpu()
        # Not at the very end, when it may be gone.
        self.gone.wait(case["measure_ns"] * 0.95 / 1e9)
        try:
            with open(f"/proc/{self.pid}/status") as status:
                found = re.search(r"VmHWM:\s+(\d+)", status.read())
            self.rss = int(found[1]) * 1024 if found else None
        except OSError:
            pass

    def end(self):
        self.gone.set()
        self.thread.join()

    def cpu(self):
        """Nanoseconds of all threads; what is on the processor just now is a tick behind."""
        spent = 0
        try:
            for thread in os.listdir(f"/proc/{self.pid}/task"):
                with open(f"/proc/{self.pid}/task/{thread}/schedstat") as stat:
                    spent += int(stat.read().split()[0])
        except OSError:
            pass
        return spent


def play(case):
    with tempfile.TemporaryDirectory() as folder:
        body, log = f"{folder}/request", f"{folder}/log"
        message = request(case["request"]["name_bytes"], case["reply"]["size"])
        with open(body, "wb") as file:
            file.write(b"\0" + len(message).to_bytes(4, "big") + message)
        open(log, "w").close()
        with open(f"{folder}/said", "w+") as said:
            child = subprocess.Popen(arguments(case, body, log), stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            watch = Watch(child.pid, case)
            _, status, usage = os.wait4(child.pid, 0)
            watch.end()
            said.seek(0)
            summary = said.read()
        if status != 0:
            raise SystemExit(f"h2load ended with {os.waitstatus_to_exitcode(status)}: {summary[-500:]}")
        with open(log) as file:
            calls = [tuple(map(int, line.split("\t")[:3])) for line in file if line.count("\t") >= 2]
    cpu = round((usage.ru_utime + usage.ru_stime) * 1e9) - watch.cpu_before
    return result(case, calls, summary, len(message), cpu, watch)


def result(case, calls, summary, request_bytes, cpu, watch):
    times = HdrHistogram(1, HOUR_NS, 3)
    ok = 0
    for _, status, microseconds in calls:
        if status == 200:
            ok += 1
            times.record_value(max(1, min(microseconds * 1000, HOUR_NS)))
    check_answers(case, summary, ok)
    encoded = times.encode().decode()
    failed = len(calls) - ok
    reply = reply_length(case["reply"]["size"])
    return {
        "version": version(),
        "measured_ns": case["measure_ns"],
        "measure_start_unix_ns": watch.start,
        "counts": {
            "started": len(calls),
            "ok": ok,
            "failed": failed,
            "deadline_exceeded": 0,
            "cancelled": 0,
            "unfinished": 0,
            "shed": 0,
            "by_status": {"OK": ok, **({"UNKNOWN": failed} if failed else {})},
            "messages_sent": len(calls),
            "messages_received": ok,
            "bytes_sent": len(calls) * request_bytes,
            "bytes_received": ok * reply,
        },
        # Without intended starts they are the same.
        "response_time": encoded,
        "service_time": encoded,
        "cpu_ns": cpu,
        "peak_rss_bytes": watch.rss,
    }


def check_answers(case, summary, ok):
    """All answers, those of the warm-up too, are messages of the right length: their bytes are enough, and a multiple of it
    where an answer is not cut in two at the end."""
    found = re.search(r"headers \(space savings [^)]*\), \S+ \((\d+)\) data", summary)
    if not found:
        raise SystemExit(f"h2load said what is not understood: {summary[-500:]}")
    data, length = int(found[1]), 5 + reply_length(case["reply"]["size"])
    if data < ok * length or (length < FRAME and data % length):
        raise SystemExit(f"{data} bytes of answers are not those of {ok} calls or more, each of {length}")


def main():
    if sys.argv[1:] == ["version"]:
        print(json.dumps(version()))
        return
    case = json.loads(sys.stdin.read())
    why = refuse(case)
    if why:
        raise SystemExit(why)
    case["warm_up_ns"] = max(case["warm_up_ns"], LEAST_WARM_UP_NS)
    print(json.dumps(play(case)))


if __name__ == "__main__":
    main()
