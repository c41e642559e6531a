#pragma once

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base64.h"

// An HDR histogram of nanoseconds up to an hour, to three digits, and its encoding: V2, deflated, base64. Debian has no
// library for it.
class Histogram {
 public:
  void record(int64_t value) {
    const size_t index = index_of(std::clamp<int64_t>(value, 0, kHighest));
    if (index >= counts_.size()) counts_.resize(index + 1);
    counts_[index] += 1;
  }

  void merge(const Histogram& other) {
    if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
    for (size_t index = 0; index < other.counts_.size(); index++) counts_[index] += other.counts_[index];
  }

  std::string encoded() const {
    const std::string plain = serialized();
    uLongf length = compressBound(plain.size());
    std::string deflated(length, '\0');
    compress(reinterpret_cast<Bytef*>(deflated.data()), &length, reinterpret_cast<const Bytef*>(plain.data()),
             plain.size());
    deflated.resize(length);
    std::string framed;
    put(&framed, kCompressedCookie, 4);
    put(&framed, deflated.size(), 4);
    return base64(framed + deflated);
  }

 private:
  static constexpr int64_t kHighest = 3'600'000'000'000;
  static constexpr int kSubBucketBits = 11;
  static constexpr uint32_t kCookie = 0x1c849313, kCompressedCookie = 0x1c849314;

  // Values below 2048 have a place each; above, each doubling has 1024 places.
  static size_t index_of(uint64_t value) {
    const int bucket = 64 - __builtin_clzll(value | ((1 << kSubBucketBits) - 1)) - kSubBucketBits;
    const size_t half = size_t{1} << (kSubBucketBits - 1);
    return bucket * half + (value >> bucket);
  }

  std::string serialized() const {
    std::string payload;
    for (size_t index = 0; index < counts_.size();) {
      int64_t count = counts_[index++];
      if (count == 0) {
        // A run of zeros is its negative length.
        for (count = -1; index < counts_.size() && counts_[index] == 0; index++) count--;
      }
      put_zigzag(&payload, count);
    }
    std::string all;
    put(&all, kCookie, 4);
    put(&all, payload.size(), 4);
    put(&all, 0, 4);  // normalizing index offset
    put(&all, 3, 4);  // significant digits
    put(&all, 1, 8);
    put(&all, kHighest, 8);
    put(&all, 0x3ff0000000000000, 8);  // the ratio of integers to values: 1.0
    return all + payload;
  }

  static void put(std::string* into, uint64_t value, int bytes) {
    for (int at = bytes - 1; at >= 0; at--) into->push_back(static_cast<char>(value >> (8 * at)));
  }

  // LEB128 of the zigzag of a count, whose ninth byte has all of its bits.
  static void put_zigzag(std::string* into, int64_t count) {
    uint64_t rest = (static_cast<uint64_t>(count) << 1) ^ static_cast<uint64_t>(count >> 63);
    for (int at = 0; at < 8 && rest > 0x7f; at++, rest >>= 7) into->push_back(static_cast<char>(rest | 0x80));
    into->push_back(static_cast<char>(rest));
  }

  std::vector<uint64_t> counts_ = std::vector<uint64_t>(1);
};
