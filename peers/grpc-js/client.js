// A client that plays a case: so much load, for so long, on so many connections.

const grpc = require("@grpc/grpc-js");
const fs = require("node:fs");
const { alarm } = require("./alarm");
const { greeter } = require("./protos");
const { Record } = require("./record");
const { version } = require("./version");
const { Work } = require("./work");

/** How long a connection may take, in milliseconds. */
const PATIENCE = 10_000;

const service = greeter(
  () => {},
  (_, length, reply) => (reply.bytes = length),
);
const Greeter = grpc.makeGenericClientConstructor(service, "Greeter");

/** A case under way. */
class Load {
  inFlight = new Set();
  isOver = false;
  record = new Record();

  constructor(given, clients) {
    this.given = given;
    this.clients = clients;
    this.end = given.warm_up_ns + given.measure_ns;
    this.work = new Work(given, service, () => this.now());
    this.metadata = new grpc.Metadata();
    for (const [key, value] of Object.entries(given.metadata ?? {})) {
      this.metadata.set(key, key.endsWith("-bin") ? Buffer.from(value, "base64") : value);
    }
    this.schedule = given.open && readSchedule(given.open.schedule).filter((start) => start < this.end);
  }

  now() {
    return Number(process.hrtime.bigint() - this.zero);
  }

  async play() {
    this.zero = process.hrtime.bigint();
    const begun = Date.now() * 1e6;
    const cpu = this.measureCpu();
    await Promise.race([this.given.open ? this.open() : this.closed(), this.drained()]);
    return {
      version: version(),
      measured_ns: this.given.measure_ns,
      measure_start_unix_ns: begun + this.given.warm_up_ns,
      counts: this.record.counts,
      all: this.record.all,
      ...this.record.encodedTimes(),
      cpu_ns: await cpu,
      peak_rss_bytes: peakRss(),
    };
  }

  /** Keeps so many calls in flight on each channel. A call is meant to start when its slot has become free. */
  async closed() {
    const slot = async (client) => {
      for (let intended = this.now(); intended < this.end; intended = this.now()) await this.call(client, intended);
    };
    const slots = this.clients.flatMap((client) => Array.from({ length: this.given.closed.in_flight }, () => slot(client)));
    await Promise.all(slots);
  }

  /** Starts calls when the schedule says so, over all channels in turn, whether or not earlier ones have ended. */
  async open() {
    let next = 0;
    const calls = [];
    await alarm(this.schedule, this.zero, (due) => {
      for (; next < due; next += 1) calls.push(this.offer(next));
    });
    await Promise.all(calls);
  }

  offer(index) {
    const intended = this.schedule[index];
    if (this.inFlight.size >= this.given.open.max_in_flight) return this.record.shed(this.isMeasured(intended));
    return this.call(this.clients[index % this.clients.length], intended);
  }

  call(client, intended) {
    return new Promise((resolve) => {
      const { deadline_ns: deadline } = this.given;
      const options = deadline === null || deadline === undefined ? {} : { deadline: Date.now() + deadline / 1e6 };
      const call = this.work.start(client, this.metadata, options, intended, (call) => {
        this.inFlight.delete(call);
        this.record.add(call, this.isMeasured(intended), this.isOver);
        resolve();
      });
      this.inFlight.add(call);
    });
  }

  /** The phase of a call goes by its intended start. */
  isMeasured(intended) {
    return intended >= this.given.warm_up_ns && intended < this.end;
  }

  /** The end of the drain: what is in flight then is cut off. */
  async drained() {
    await sleep(this.end + this.given.drain_ns);
    this.isOver = true;
    for (const { handle } of this.inFlight) handle.cancel();
    while (this.inFlight.size > 0) await sleep(1e6);
  }

  /** What the process takes, user and system, all threads, over the measured phase. */
  async measureCpu() {
    await sleep(this.given.warm_up_ns);
    const before = process.cpuUsage();
    await sleep(this.end - this.now());
    const { user, system } = process.cpuUsage(before);
    return (user + system) * 1000;
  }
}

const sleep = (ns) => new Promise((resolve) => setTimeout(resolve, ns / 1e6));

/** Little-endian nanoseconds since the start of the load. */
function readSchedule(path) {
  const content = fs.readFileSync(path);
  if (content.length % 8 !== 0) throw new Error(`${path} has ${content.length} bytes, expected eight for each start`);
  return Array.from({ length: content.length / 8 }, (_, index) => Number(content.readBigUInt64LE(8 * index)));
}

/** The most memory that the process held. */
function peakRss() {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(fs.readFileSync("/proc/self/status", "latin1")) ?? [];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

/** Opens so many connections and waits until they are there. Each is an HTTP/2 connection of its own. */
function connect({ address, channels }) {
  const options = {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  };
  const open = () =>
    new Promise((resolve, reject) => {
      const client = new Greeter(address, grpc.credentials.createInsecure(), options);
      const late = new Error(`no connection to ${address} within ${PATIENCE / 1000} s`);
      client.waitForReady(Date.now() + PATIENCE, (error) => (error ? reject(late) : resolve(client)));
    });
  return Promise.all(Array.from({ length: channels }, open));
}

/** Reads a case, plays it and writes what came of it. */
exports.load = async () => {
  const given = JSON.parse(fs.readFileSync(0, "utf8"));
  if (!given.closed === !given.open) throw new Error("the case has closed and open, expected one of them");
  const load = new Load(given, await connect(given));
  process.stdout.write(JSON.stringify(await load.play()) + "\n", () => process.exit(0));
};
