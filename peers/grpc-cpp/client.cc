#include <time.h>

#include <atomic>
#include <cstdlib>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>

#include <grpcpp/grpcpp.h>

#include "base64.h"
#include "helloworld.grpc.pb.h"
#include "peer.h"
#include "record.h"
#include "work.h"

using grpc::Status;
using helloworld::Greeter;
using helloworld::HelloReply;
using helloworld::HelloRequest;

namespace {

constexpr int kPatienceSeconds = 10;

int64_t clock_ns(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000L + now.tv_nsec;
}

// A case, as JSON has it.
struct Case {
  explicit Case(const nlohmann::json& given)
      : address(given.at("address")),
        metadata(given.value("metadata", std::map<std::string, std::string>())),
        channels(given.at("channels")),
        warm_up(given.at("warm_up_ns")),
        measure(given.at("measure_ns")),
        drain(given.at("drain_ns")) {
    if (given.contains("deadline_ns") && !given["deadline_ns"].is_null()) deadline = given["deadline_ns"];
    const auto closed = given.value("closed", nlohmann::json()), open = given.value("open", nlohmann::json());
    if (closed.is_null() == open.is_null()) {
      throw std::invalid_argument("the case has neither or both of closed and open, expected one of them");
    }
    if (open.is_null()) {
      in_flight = closed.at("in_flight");
    } else {
      is_open = true;
      max_in_flight = open.at("max_in_flight");
      read_schedule(open.at("schedule"));
    }
  }

  // When no more calls start.
  int64_t end() const { return warm_up + measure; }
  // The phase of a call goes by its intended start.
  bool is_measured(int64_t intended) const { return intended >= warm_up && intended < end(); }

  std::string address;
  std::map<std::string, std::string> metadata;
  int channels;
  int64_t warm_up, measure, drain, deadline = -1;
  bool is_open = false;
  int in_flight = 0;
  int64_t max_in_flight = 0;
  // Intended starts, nanoseconds since the start of the load.
  std::vector<uint64_t> schedule;

 private:
  void read_schedule(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file || content.size() % 8 != 0) {
      throw std::runtime_error(path + " cannot be read as a schedule, expected eight bytes for each start");
    }
    schedule.resize(content.size() / 8);
    for (size_t at = 0; at < content.size(); at++) {
      schedule[at / 8] |= static_cast<uint64_t>(static_cast<uint8_t>(content[at])) << (8 * (at % 8));
    }
  }
};

// The calls of one channel that are in flight, and what the others came to.
struct Lane {
  std::unique_ptr<Greeter::Stub> stub;
  std::mutex lock;
  std::unordered_set<std::shared_ptr<grpc::ClientContext>> in_flight;
  Record record;
};

// A case under way.
class Load {
 public:
  explicit Load(const nlohmann::json& given) : given(given), work(given) { connect(); }

  nlohmann::json play();
  int64_t now() const { return clock_ns(CLOCK_MONOTONIC) - start_; }
  // A call of a channel has ended; then comes what follows its end.
  void ended(Lane* lane, const std::shared_ptr<grpc::ClientContext>& context, const Outcome& outcome,
             const std::function<void()>& then);

  const Case given;
  const Work work;

 private:
  void connect();
  void closed();
  void next(Lane* lane);
  void open();
  void call(Lane* lane, int64_t intended, std::function<void()> then);
  void drain();
  void sleep_until(int64_t due) const;
  void leave();

  std::vector<std::unique_ptr<Lane>> lanes_;
  std::atomic<bool> is_over_{false};
  std::atomic<int64_t> in_flight_{0};
  int64_t start_ = 0;
  // What is under way: calls of an open loop, slots of a closed one.
  std::mutex lock_;
  std::condition_variable all_done_;
  int64_t under_way_ = 0;
};

// One call, whatever its pattern.
class Call {
 protected:
  Call(Load* load, Lane* lane, std::shared_ptr<grpc::ClientContext> context, int64_t intended,
       std::function<void()> then)
      : load_(load), work_(load->work), lane_(lane), context_(std::move(context)), then_(std::move(then)) {
    outcome_.intended = intended;
    outcome_.started = load->now();
  }

  const HelloRequest* send() {
    const bool is_first = outcome_.sent == 0;
    outcome_.sent += 1;
    outcome_.sent_bytes += is_first ? work_.first_size : work_.further_size;
    return is_first ? &work_.first : &work_.further;
  }

  // Sends the next request, or says that there is none.
  template <class Reactor>
  void next(Reactor* reactor) {
    if (outcome_.sent == work_.requests) {
      reactor->StartWritesDone();
    } else {
      reactor->StartWrite(send());
    }
  }

  void receive(const HelloReply& reply) {
    if (outcome_.received == 0) outcome_.first = load_->now();
    outcome_.received += 1;
    outcome_.received_bytes += reply.ByteSizeLong();
    outcome_.is_wrong |= reply.message().size() != work_.reply_size;
  }

  void end(const Status& status) {
    outcome_.done = load_->now();
    outcome_.status = status.error_code();
    outcome_.is_wrong |= outcome_.received != work_.replies;
    load_->ended(lane_, context_, outcome_, then_);
  }

  Load* load_;
  const Work& work_;
  Lane* lane_;
  std::shared_ptr<grpc::ClientContext> context_;

 private:
  Outcome outcome_;
  std::function<void()> then_;
};

class UnaryCall : Call {
 public:
  template <class... Args>
  explicit UnaryCall(Args&&... args) : Call(std::forward<Args>(args)...) {
    auto ended = [this](const Status& status) {
      if (status.ok()) receive(reply_);
      end(status);
      delete this;
    };
    const HelloRequest* request = send();
    if (work_.method == Work::kSayHello) {
      lane_->stub->async()->SayHello(context_.get(), request, &reply_, ended);
    } else {
      lane_->stub->async()->SayHelloAgain(context_.get(), request, &reply_, ended);
    }
  }

 private:
  HelloReply reply_;
};

class RepliesCall : public grpc::ClientReadReactor<HelloReply>, Call {
 public:
  template <class... Args>
  explicit RepliesCall(Args&&... args) : Call(std::forward<Args>(args)...) {
    lane_->stub->async()->LotsOfReplies(context_.get(), send(), this);
    StartRead(&reply_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    receive(reply_);
    StartRead(&reply_);
  }

  void OnDone(const Status& status) override {
    end(status);
    delete this;
  }

 private:
  HelloReply reply_;
};

class GreetingsCall : public grpc::ClientWriteReactor<HelloRequest>, Call {
 public:
  template <class... Args>
  explicit GreetingsCall(Args&&... args) : Call(std::forward<Args>(args)...) {
    lane_->stub->async()->LotsOfGreetings(context_.get(), &reply_, this);
    next(this);
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    if (ok) next(this);
  }

  void OnDone(const Status& status) override {
    if (status.ok()) receive(reply_);
    end(status);
    delete this;
  }

 private:
  HelloReply reply_;
};

class BidiCall : public grpc::ClientBidiReactor<HelloRequest, HelloReply>, Call {
 public:
  template <class... Args>
  explicit BidiCall(Args&&... args) : Call(std::forward<Args>(args)...) {
    lane_->stub->async()->BidiHello(context_.get(), this);
    next(this);
    StartRead(&reply_);
    StartCall();
  }

  void OnWriteDone(bool ok) override {
    if (ok) turn();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    receive(reply_);
    if (work_.is_ping_pong) turn();
    StartRead(&reply_);
  }

  void OnDone(const Status& status) override {
    end(status);
    delete this;
  }

 private:
  // The next request goes when the last is written, and in a ping-pong when it is answered too, whichever is told first.
  void turn() {
    if (work_.is_ping_pong && ++told_ < 2) return;
    told_ = 0;
    next(this);
  }

  HelloReply reply_;
  std::atomic<int> told_{0};
};

// Opens all connections and waits until they are there. Each is an HTTP/2 connection of its own.
void Load::connect() {
  const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(kPatienceSeconds);
  for (int index = 0; index < given.channels; index++) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(-1);
    const auto channel = grpc::CreateCustomChannel(given.address, grpc::InsecureChannelCredentials(), arguments);
    if (!channel->WaitForConnected(deadline)) {
      throw std::runtime_error("no connection to " + given.address + " within " + std::to_string(kPatienceSeconds) + " s");
    }
    lanes_.push_back(std::make_unique<Lane>());
    lanes_.back()->stub = Greeter::NewStub(channel);
  }
}

void Load::call(Lane* lane, int64_t intended, std::function<void()> then) {
  auto context = std::make_shared<grpc::ClientContext>();
  for (const auto& [key, value] : given.metadata) context->AddMetadata(key, is_binary(key) ? unbase64(value) : value);
  if (given.deadline >= 0) {
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::nanoseconds(given.deadline));
  }
  {
    const std::lock_guard guard(lane->lock);
    lane->in_flight.insert(context);
  }
  switch (work.method) {
    case Work::kSayHello:
    case Work::kSayHelloAgain:
      new UnaryCall(this, lane, std::move(context), intended, std::move(then));
      break;
    case Work::kLotsOfReplies:
      new RepliesCall(this, lane, std::move(context), intended, std::move(then));
      break;
    case Work::kLotsOfGreetings:
      new GreetingsCall(this, lane, std::move(context), intended, std::move(then));
      break;
    case Work::kBidiHello:
      new BidiCall(this, lane, std::move(context), intended, std::move(then));
      break;
  }
}

void Load::ended(Lane* lane, const std::shared_ptr<grpc::ClientContext>& context, const Outcome& outcome,
                 const std::function<void()>& then) {
  {
    const std::lock_guard guard(lane->lock);
    lane->in_flight.erase(context);
    lane->record.add(outcome, given.is_measured(outcome.intended), is_over_);
  }
  then();
}

// Keeps so many calls in flight on each channel.
void Load::closed() {
  under_way_ = int64_t{given.channels} * given.in_flight;
  for (auto& lane : lanes_) {
    for (int slot = 0; slot < given.in_flight; slot++) next(lane.get());
  }
}

// A call is meant to start when its slot has become free.
void Load::next(Lane* lane) {
  const int64_t intended = now();
  if (intended >= given.end() || is_over_) return leave();
  call(lane, intended, [this, lane] { next(lane); });
}

// Starts calls when the schedule says so, over all channels in turn, whether or not earlier ones have ended.
void Load::open() {
  size_t index = 0;
  for (const int64_t intended : given.schedule) {
    if (intended >= given.end()) return;
    sleep_until(intended);
    Lane* lane = lanes_[index++ % lanes_.size()].get();
    if (in_flight_ >= given.max_in_flight) {
      const std::lock_guard guard(lane->lock);
      if (given.is_measured(intended)) lane->record.shed();
      continue;
    }
    in_flight_ += 1;
    {
      const std::lock_guard guard(lock_);
      under_way_ += 1;
    }
    call(lane, intended, [this] {
      in_flight_ -= 1;
      leave();
    });
  }
}

void Load::leave() {
  const std::lock_guard guard(lock_);
  under_way_ -= 1;
  if (under_way_ == 0) all_done_.notify_all();
}

// Waits for what is in flight until the end of the drain, then cuts it off.
void Load::drain() {
  std::unique_lock guard(lock_);
  const auto is_done = [this] { return under_way_ == 0; };
  const auto rest = std::chrono::nanoseconds(given.end() + given.drain - now());
  if (all_done_.wait_for(guard, rest, is_done)) return;
  guard.unlock();
  is_over_ = true;
  for (auto& lane : lanes_) {
    // Cancelled without the lock, which the end of a call takes.
    std::unique_lock held(lane->lock);
    const auto in_flight = lane->in_flight;
    held.unlock();
    for (const auto& context : in_flight) context->TryCancel();
  }
  guard.lock();
  all_done_.wait(guard, is_done);
}

void Load::sleep_until(int64_t due) const {
  const int64_t at = start_ + due;
  const timespec until = {at / 1'000'000'000, at % 1'000'000'000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

// The most memory that this program held; getrusage would add what its parent held as it forked.
nlohmann::json peak_rss() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stoull(line.substr(6)) * 1024;
  }
  return nullptr;
}

nlohmann::json Load::play() {
  start_ = clock_ns(CLOCK_MONOTONIC);
  const int64_t begun = clock_ns(CLOCK_REALTIME);
  // User and system, all threads, over the measured phase.
  int64_t cpu = 0;
  std::thread measure([this, &cpu] {
    sleep_until(given.warm_up);
    cpu = -clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    sleep_until(given.end());
    cpu += clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  });
  given.is_open ? open() : closed();
  drain();
  measure.join();
  Record sum;
  for (const auto& lane : lanes_) sum.merge(lane->record);
  nlohmann::json result = {{"version", version()},
                           {"measured_ns", given.measure},
                           {"measure_start_unix_ns", begun + given.warm_up},
                           {"cpu_ns", cpu},
                           {"peak_rss_bytes", peak_rss()}};
  sum.write(&result);
  return result;
}

}  // namespace

void load() {
  nlohmann::json given;
  try {
    given = nlohmann::json::parse(std::cin);
  } catch (const nlohmann::json::exception& error) {
    throw std::invalid_argument(std::string("the case is not as expected: ") + error.what());
  }
  // Never destroyed, nor is anything else: the callback of the last call tells of its end before it has returned, and still
  // frees its call.
  auto* load = new Load(given);
  std::cout << load->play() << std::endl;
  std::_Exit(EXIT_SUCCESS);
}
