#pragma once

#include <cstdint>
#include <string>

// The standard alphabet, padded.
inline std::string base64(const std::string& bytes) {
  static const char* kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t three = 0;
    for (size_t next = at; next < at + 3; next++) {
      three = three << 8 | (next < bytes.size() ? static_cast<uint8_t>(bytes[next]) : 0);
    }
    for (int digit = 3; digit >= 0; digit--) text.push_back(kDigits[three >> (6 * digit) & 63]);
  }
  for (size_t missing = (3 - bytes.size() % 3) % 3; missing > 0; missing--) text[text.size() - missing] = '=';
  return text;
}

// What well-formed text of the standard alphabet stands for.
inline std::string unbase64(const std::string& text) {
  static const std::string kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0, held = 0;
  for (const char digit : text) {
    if (digit == '=') break;
    held = held << 6 | static_cast<uint32_t>(kDigits.find(digit));
    bits += 6;
    if (bits >= 8) bytes.push_back(static_cast<char>(held >> (bits -= 8)));
  }
  return bytes;
}

// Whether metadata of this key is bytes.
inline bool is_binary(const std::string& key) {
  return key.size() > 4 && key.compare(key.size() - 4, 4, "-bin") == 0;
}
