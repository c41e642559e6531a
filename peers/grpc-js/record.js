// What calls came to: counts and times of the measured phase, and what all phases together sent and received.

const grpc = require("@grpc/grpc-js");
const hdr = require("hdr-histogram-js");
const zlib = require("node:zlib");

const HOUR = 3.6e12;
const NAMES = Object.fromEntries(Object.entries(grpc.status).map(([name, code]) => [code, name]));

const histogram = () =>
  hdr.build({ lowestDiscernibleValue: 1, highestTrackableValue: HOUR, numberOfSignificantValueDigits: 3, bitBucketSize: 32 });

/** Where an encoded histogram says by how much its counts are shifted, and what its values are multiplied by. */
const OFFSET_AT = 8;
const RATIO_AT = 32;

/**
 * HDR V2, deflated, base64. The library writes a shift of 1, which there is not, and the ratio as an integer, and it is a
 * double: readers that look refuse both.
 */
function encoded(histogram) {
  const framed = Buffer.from(hdr.encodeIntoCompressedBase64(histogram), "base64");
  const plain = zlib.inflateSync(framed.subarray(8));
  plain.writeInt32BE(0, OFFSET_AT);
  plain.writeDoubleBE(1, RATIO_AT);
  const deflated = zlib.deflateSync(plain);
  framed.writeInt32BE(deflated.length, 4);
  return Buffer.concat([framed.subarray(0, 8), deflated]).toString("base64");
}

exports.Record = class Record {
  counts = {
    started: 0,
    ok: 0,
    failed: 0,
    deadline_exceeded: 0,
    cancelled: 0,
    unfinished: 0,
    shed: 0,
    by_status: {},
    messages_sent: 0,
    messages_received: 0,
    bytes_sent: 0,
    bytes_received: 0,
  };
  all = { calls: 0, requests: 0, replies: 0 };
  times = {
    response_time: histogram(),
    service_time: histogram(),
    start_lag: histogram(),
    time_to_first_message: histogram(),
  };

  shed(isMeasured) {
    if (isMeasured) this.counts.shed += 1;
  }

  /** Takes a call at its end; an unfinished one was cut off when the drain was over. */
  add(call, isMeasured, isUnfinished) {
    this.all.calls += 1;
    this.all.requests += call.sent;
    this.all.replies += call.received;
    if (!isMeasured) return;
    this.counts.started += 1;
    this.counts.messages_sent += call.sent;
    this.counts.messages_received += call.received;
    this.counts.bytes_sent += call.sentBytes;
    this.counts.bytes_received += call.receivedBytes;
    if (isUnfinished) this.counts.unfinished += 1;
    else this.end(call);
  }

  end(call) {
    const isWrong = call.status === grpc.status.OK && call.wrong;
    const name = isWrong ? "WRONG_REPLY" : NAMES[call.status];
    this.counts.by_status[name] = (this.counts.by_status[name] ?? 0) + 1;
    if (name === "OK") {
      this.counts.ok += 1;
      this.time(call);
    } else if (name === "DEADLINE_EXCEEDED") this.counts.deadline_exceeded += 1;
    else if (name === "CANCELLED") this.counts.cancelled += 1;
    else this.counts.failed += 1;
  }

  time({ intended, started, first, done }) {
    const record = (name, time) => this.times[name].recordValue(Math.min(Math.max(time, 0), HOUR));
    record("response_time", done - intended);
    record("service_time", done - started);
    record("start_lag", started - intended);
    if (first !== null) record("time_to_first_message", first - intended);
  }

  /** The times as the result has them. */
  encodedTimes() {
    return Object.fromEntries(Object.entries(this.times).map(([name, times]) => [name, encoded(times)]));
  }
};
