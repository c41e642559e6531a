# An HDR histogram of nanoseconds up to an hour, to three digits, which writes itself as V2, deflated, in base64. Debian
# has no library for it.

require 'base64'
require 'zlib'

class Histogram
  HIGHEST = 3_600_000_000_000
  SUB_BUCKET_BITS = 11
  HALF = 1 << (SUB_BUCKET_BITS - 1)

  attr_reader :counts

  def initialize
    @counts = Hash.new(0)
  end

  def record(value) = @counts[index_of(value.clamp(0, HIGHEST))] += 1

  def encoded
    payload = serialized
    plain = [0x1c849313, payload.bytesize, 0, 3].pack('N4') + [1, HIGHEST].pack('q>2') + [1.0].pack('G') + payload
    deflated = Zlib::Deflate.deflate(plain)
    Base64.strict_encode64([0x1c849314, deflated.bytesize].pack('N2') + deflated)
  end

  private

  # Values below 2048 have a place each; above, each doubling has 1024 places.
  def index_of(value)
    bucket = (value | ((1 << SUB_BUCKET_BITS) - 1)).bit_length - SUB_BUCKET_BITS
    bucket * HALF + (value >> bucket)
  end

  def serialized
    bytes = String.new(encoding: Encoding::BINARY)
    last = -1
    @counts.sort.each do |index, count|
      # A run of zeros is its negative length.
      put(bytes, last + 1 - index) if index > last + 1
      put(bytes, count)
      last = index
    end
    bytes
  end

  # LEB128 of the zigzag of a count; none here needs the ninth byte.
  def put(bytes, count)
    rest = (count << 1) ^ (count >> 63)
    while rest > 0x7f
      bytes << (rest & 0x7f | 0x80)
      rest >>= 7
    end
    bytes << rest
  end
end
