#pragma once

#include <array>
#include <cstdint>

#include <grpcpp/support/status.h>
#include <nlohmann/json.hpp>

#include "histogram.h"
#include "status.h"

// One call, and what came of it. Times are nanoseconds since the start.
struct Outcome {
  int64_t intended = 0, started = 0, first = -1, done = 0;
  uint64_t sent = 0, received = 0, sent_bytes = 0, received_bytes = 0;
  // Not the answer that was asked for, in length or count.
  bool is_wrong = false;
  grpc::StatusCode status = grpc::StatusCode::UNKNOWN;
};

// What calls came to: counts and times of the measured phase, and what all phases together sent and received.
class Record {
 public:
  void shed() { shed_ += 1; }

  // Takes a call at its end; an unfinished one was cut off when the drain was over.
  void add(const Outcome& call, bool is_measured, bool is_unfinished) {
    calls_ += 1;
    requests_ += call.sent;
    replies_ += call.received;
    if (!is_measured) return;
    started_ += 1;
    sent_ += call.sent;
    received_ += call.received;
    sent_bytes_ += call.sent_bytes;
    received_bytes_ += call.received_bytes;
    if (is_unfinished) {
      unfinished_ += 1;
    } else if (call.status == grpc::StatusCode::OK && call.is_wrong) {
      wrong_ += 1;
    } else {
      by_status_[call.status] += 1;
      if (call.status == grpc::StatusCode::OK) time(call);
    }
  }

  void merge(const Record& other) {
    calls_ += other.calls_;
    requests_ += other.requests_;
    replies_ += other.replies_;
    started_ += other.started_;
    unfinished_ += other.unfinished_;
    shed_ += other.shed_;
    wrong_ += other.wrong_;
    sent_ += other.sent_;
    received_ += other.received_;
    sent_bytes_ += other.sent_bytes_;
    received_bytes_ += other.received_bytes_;
    for (size_t code = 0; code < by_status_.size(); code++) by_status_[code] += other.by_status_[code];
    response_.merge(other.response_);
    service_.merge(other.service_);
    lag_.merge(other.lag_);
    first_.merge(other.first_);
  }

  // In the result's names.
  void write(nlohmann::json* result) const {
    (*result)["counts"] = counts();
    (*result)["all"] = {{"calls", calls_}, {"requests", requests_}, {"replies", replies_}};
    (*result)["response_time"] = response_.encoded();
    (*result)["service_time"] = service_.encoded();
    (*result)["start_lag"] = lag_.encoded();
    (*result)["time_to_first_message"] = first_.encoded();
  }

 private:
  void time(const Outcome& call) {
    response_.record(call.done - call.intended);
    service_.record(call.done - call.started);
    lag_.record(call.started - call.intended);
    if (call.received > 0) first_.record(call.first - call.intended);
  }

  nlohmann::json counts() const {
    using grpc::StatusCode;
    auto by_status = nlohmann::json::object();
    uint64_t failed = wrong_;
    if (wrong_ > 0) by_status["WRONG_REPLY"] = wrong_;
    for (size_t code = 0; code < by_status_.size(); code++) {
      if (by_status_[code] > 0) by_status[kStatusNames[code]] = by_status_[code];
      const bool is_apart =
          code == StatusCode::OK || code == StatusCode::DEADLINE_EXCEEDED || code == StatusCode::CANCELLED;
      if (!is_apart) failed += by_status_[code];
    }
    return {{"started", started_},
            {"ok", by_status_[StatusCode::OK]},
            {"failed", failed},
            {"deadline_exceeded", by_status_[StatusCode::DEADLINE_EXCEEDED]},
            {"cancelled", by_status_[StatusCode::CANCELLED]},
            {"unfinished", unfinished_},
            {"shed", shed_},
            {"by_status", by_status},
            {"messages_sent", sent_},
            {"messages_received", received_},
            {"bytes_sent", sent_bytes_},
            {"bytes_received", received_bytes_}};
  }

  uint64_t calls_ = 0, requests_ = 0, replies_ = 0;
  uint64_t started_ = 0, unfinished_ = 0, shed_ = 0, wrong_ = 0;
  uint64_t sent_ = 0, received_ = 0, sent_bytes_ = 0, received_bytes_ = 0;
  std::array<uint64_t, kStatusNames.size()> by_status_{};
  Histogram response_, service_, lag_, first_;
};
